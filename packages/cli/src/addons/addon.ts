import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { daemonSets, deployments, namespaces, networkPolicies, services } from '@kemu/api'
import type { KubeObject, ResourceType } from '@kemu/api'
import { parseYamlDocuments } from '@kemu/api/yaml'
import { thisProgram } from '@kemu/base'
import { asApplied } from '@kemu/kubeadm'
import type { Applied } from '@kemu/kubeadm'
import { CliError } from '../cli-error.ts'

/** Something that a cluster can have besides what kubeadm gives it: one manifest, one namespace. */
export interface Addon {
  readonly name: string
  readonly summary: string
  readonly namespace: string
  /** Below the clone, or the installation. */
  readonly manifest: string
  /** A program of the machine that its pods run, and the command that brings it. */
  readonly needs: { readonly program: string; readonly install: string }
  /** Where on the nodes its data stays when it is disabled. */
  readonly dataPath: string
}

export const addons: readonly Addon[] = [
  {
    name: 'logs',
    summary: 'logs of pods and components, kept in Redis',
    namespace: 'kube-logs',
    manifest: 'packages/log-collector/manifests/logs.yaml',
    needs: { program: 'redis-server', install: 'apt-get install redis-server' },
    dataPath: '/var/lib/log-store',
  },
]

export function findAddon(name: string): Addon {
  const found = addons.find((addon) => addon.name === name)
  if (found) return found
  const names = addons.map((addon) => addon.name).join(', ')
  throw new CliError(`there is no add-on "${name}"; there are: ${names}`, 'usage')
}

/** Kinds that a manifest may hold. */
const types: Readonly<Record<string, ResourceType<KubeObject>>> = Object.fromEntries(
  [namespaces, services, networkPolicies, deployments, daemonSets].map((type) => [
    type.kind,
    type as ResourceType<KubeObject>,
  ]),
)

/** The manifest's objects, namespaces first. */
export function objectsOf(addon: Addon): Applied[] {
  const file = join(thisProgram().root, addon.manifest)
  const documents = parseYamlDocuments(readFileSync(file, 'utf8')) as KubeObject[]
  return documents.map((document) => {
    const type = types[document.kind]
    if (!type) throw new Error(`${file}: unexpected kind ${document.kind}`)
    return { type, object: asApplied(document) }
  })
}

/** Fails with the next step when a program that the add-on runs is not on this machine, where its nodes are. */
export function requireProgram({ name, needs }: Addon, path = process.env['PATH'] ?? ''): void {
  const folders = [...path.split(delimiter), '/usr/local/bin', '/usr/bin']
  const isThere = folders.some((folder) => isExecutable(join(folder, needs.program)))
  if (isThere) return
  throw new CliError(
    `the add-on ${name} runs ${needs.program}, which is not installed on this machine; ` +
      `next: ${needs.install}`,
    'state',
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
