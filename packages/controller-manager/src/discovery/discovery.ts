import { parseApiVersion } from '@kemu/api'
import type { KubeObject, ResourceType } from '@kemu/api'
import { openRest } from '@kemu/client'
import type { ClusterAccess, RestTransport } from '@kemu/client'

export interface ServedResource extends ResourceType<KubeObject> {
  readonly verbs: readonly string[]
}

interface GroupList {
  groups: { name: string; preferredVersion: { groupVersion: string } }[]
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[]
}

/** What is known about the server's resources, and which groups could not be asked (their server is away). */
export interface Served {
  readonly resources: readonly ServedResource[]
  readonly failures: readonly string[]
}

/** The resources that the API server serves, each in its preferred version (GET /api, /apis and below). */
export class Discovery {
  readonly #rest: RestTransport

  constructor(access: ClusterAccess, userAgent: string) {
    this.#rest = openRest(access, userAgent)
  }

  async served(): Promise<Served> {
    const { groups } = await this.#get<GroupList>('/apis')
    const groupVersions = ['v1', ...groups.map((group) => group.preferredVersion.groupVersion)]
    const answers = await Promise.allSettled(groupVersions.map((gv) => this.#resourcesOf(gv)))
    const failures: string[] = []
    const resources = answers.flatMap((answer, i) => {
      if (answer.status === 'fulfilled') return answer.value
      failures.push(`${groupVersions[i]}: ${(answer.reason as Error).message}`)
      return []
    })
    return { resources, failures }
  }

  close(): void {
    this.#rest.close()
  }

  async #resourcesOf(groupVersion: string): Promise<ServedResource[]> {
    const { group, version } = parseApiVersion(groupVersion)
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const { resources } = await this.#get<ResourceList>(root)
    return resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced, verbs }) => ({
        group,
        version,
        resource: name,
        kind,
        namespaced,
        verbs,
      }))
  }

  async #get<T>(path: string): Promise<T> {
    const { code, text } = await this.#rest.raw('GET', path)
    if (code !== 200) throw new Error(`GET ${path} answered ${code}`)
    return JSON.parse(text) as T
  }
}

export function serves(resource: ServedResource, ...verbs: string[]): boolean {
  return verbs.every((verb) => resource.verbs.includes(verb))
}
