import { createHash } from 'node:crypto'
import { apiVersionOf } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { PlainRequest } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { groupDiscoveryList } from './aggregated.ts'
import { groupKinds } from './group-order.ts'
import type { ApiGroup } from './group-order.ts'
import { resourceList } from './resource-list.ts'

/** /api, /apis and what is below them: which groups, versions and resources there are. */
export class Discovery {
  readonly #groups: readonly ApiGroup[]
  readonly #serverAddress: string

  constructor(kinds: Iterable<KindDefinition>, serverAddress: string) {
    this.#groups = groupKinds(kinds)
    this.#serverAddress = serverAddress
  }

  /** `/api/v1`, `/apis/apps`, `/apis/apps/v1` ... */
  get paths(): string[] {
    const named = this.#named.flatMap(({ name, versions }) => [
      `/apis/${name}`,
      ...versions.map(({ version }) => `/apis/${name}/${version}`),
    ])
    return ['/api', '/api/v1', '/apis', '/apis/', ...named]
  }

  /** Undefined for a path that names nothing. */
  answer(request: PlainRequest): ApiResponse | undefined {
    const [root, group, version, ...more] = request.path.split('/').filter((part) => part !== '')
    if (more.length > 0) return undefined
    if (root === 'api') {
      if (group === undefined) return this.#root(request, true)
      return version === undefined ? this.#version('', group) : undefined
    }
    if (root !== 'apis') return undefined
    if (group === undefined) return this.#root(request, false)
    if (version !== undefined) return this.#version(group, version)
    const found = this.#named.find(({ name }) => name === group)
    return found && json({ kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(found) })
  }

  get #named(): readonly ApiGroup[] {
    return this.#groups.filter(({ name }) => name !== '')
  }

  #root(request: PlainRequest, core: boolean): ApiResponse {
    const aggregated = wantedAggregation(request.accept)
    if (aggregated) {
      const groups = core ? this.#groups.filter(({ name }) => name === '') : this.#named
      return tagged(groupDiscoveryList(groups, aggregated), aggregated, request.etag)
    }
    if (core) {
      return json({
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [
          { clientCIDR: '0.0.0.0/0', serverAddress: this.#serverAddress },
        ],
      })
    }
    return json({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: this.#named.map(describeGroup),
    })
  }

  #version(group: string, version: string): ApiResponse | undefined {
    const served = this.#groups
      .find(({ name }) => name === group)
      ?.versions.find((candidate) => candidate.version === version)
    return served && json(resourceList(group, served))
  }
}

function describeGroup({ name, versions }: ApiGroup): object {
  const described = versions.map(({ version }) => ({
    groupVersion: apiVersionOf({ group: name, version }),
    version,
  }))
  return { name, versions: described, preferredVersion: described[0] }
}

function wantedAggregation(accept: string): 'v2' | 'v2beta1' | undefined {
  for (const clause of accept.split(',')) {
    const parts = clause.split(';').map((part) => part.trim())
    if (parts[0] === 'application/json' && parts.length === 1) return undefined
    if (!parts.includes('as=APIGroupDiscoveryList')) continue
    if (parts[0] !== 'application/json' || !parts.includes('g=apidiscovery.k8s.io')) continue
    if (parts.includes('v=v2')) return 'v2'
    if (parts.includes('v=v2beta1')) return 'v2beta1'
  }
  return undefined
}

function tagged(value: object, version: string, known: string): ApiResponse {
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
  const headers = { ETag: etag, Vary: 'Accept', 'Cache-Control': 'public' }
  if (known === etag)
    return { form: 'bytes', code: 304, contentType, headers, body: Buffer.alloc(0) }
  return { form: 'bytes', code: 200, contentType, headers, body }
}

export function json(value: object): ApiResponse {
  return {
    form: 'bytes',
    code: 200,
    contentType: 'application/json',
    body: Buffer.from(`${JSON.stringify(value)}\n`),
  }
}
