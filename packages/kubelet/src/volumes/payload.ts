import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  VolumeProjection,
} from '@kemu/api'
import { fieldValue } from '../env/field-ref.ts'
import type { RuntimeFacts } from '../env/field-ref.ts'
import { namedContainer, resourceValue } from '../env/resource-field-ref.ts'
import type { NodeAllocatable } from '../env/resource-field-ref.ts'
import type { Payload, VolumeFile } from './atomic-writer.ts'

/** A reason why a volume cannot be filled now; the event shows the message. */
export class VolumeError extends Error {
  override name = 'VolumeError'
}

export interface PayloadInputs {
  readonly pod: Pod
  readonly facts: RuntimeFacts
  readonly allocatable: NodeAllocatable
  readonly configMap: (name: string) => ConfigMap | undefined
  readonly secret: (name: string) => Secret | undefined
  /** A token for the pod's service account. */
  readonly token: (audience: string, expirationSeconds: number) => Promise<string>
}

interface Selection {
  readonly items: readonly KeyToPath[] | undefined
  readonly mode: number
  readonly optional: boolean
}

export function configMapPayload(inputs: PayloadInputs, name: string, select: Selection): Payload {
  const found = inputs.configMap(name)
  if (!found) {
    if (select.optional) return new Map()
    throw new VolumeError(`configmap "${name}" not found`)
  }
  const data = new Map<string, Buffer>([
    ...Object.entries(found.data ?? {}).map(([k, v]) => [k, Buffer.from(v)] as const),
    ...Object.entries(found.binaryData ?? {}).map(
      ([k, v]) => [k, Buffer.from(v, 'base64')] as const,
    ),
  ])
  return selectKeys(data, select, 'configmap')
}

export function secretPayload(inputs: PayloadInputs, name: string, select: Selection): Payload {
  const found = inputs.secret(name)
  if (!found) {
    if (select.optional) return new Map()
    throw new VolumeError(`secret "${name}" not found`)
  }
  const data = new Map(
    Object.entries(found.data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')] as const),
  )
  return selectKeys(data, select, 'secret')
}

function selectKeys(
  data: ReadonlyMap<string, Buffer>,
  { items, mode, optional }: Selection,
  what: string,
): Payload {
  const files = new Map<string, VolumeFile>()
  if (!items?.length) {
    for (const [key, value] of data) files.set(key, { data: value, mode })
    return files
  }
  for (const item of items) {
    const value = data.get(item.key)
    if (value === undefined) {
      if (optional) continue
      throw new VolumeError(
        what === 'secret'
          ? `references non-existent secret key: ${item.key}`
          : `configmap references non-existent config key: ${item.key}`,
      )
    }
    files.set(item.path, { data: value, mode: item.mode ?? mode })
  }
  return files
}

export function downwardPayload(
  { pod, facts, allocatable }: PayloadInputs,
  items: readonly DownwardAPIVolumeFile[],
  mode: number,
): Payload {
  const files = new Map<string, VolumeFile>()
  for (const item of items) {
    const text = item.fieldRef
      ? fieldValue(item.fieldRef, pod, facts)
      : resourceValue(
          item.resourceFieldRef!,
          namedContainer(pod, item.resourceFieldRef!.containerName ?? ''),
          allocatable,
        )
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode })
  }
  return files
}

/** All sources of a projected volume, later ones over earlier. */
export async function projectedPayload(
  inputs: PayloadInputs,
  sources: readonly VolumeProjection[],
  mode: number,
): Promise<Payload> {
  const files = new Map<string, VolumeFile>()
  for (const source of sources)
    for (const [path, file] of await projection(inputs, source, mode)) files.set(path, file)
  return files
}

async function projection(
  inputs: PayloadInputs,
  source: VolumeProjection,
  mode: number,
): Promise<Payload> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source
  if (configMap) {
    const { name = '', items, optional = false } = configMap
    return configMapPayload(inputs, name, { items, mode, optional })
  }
  if (secret) {
    const { name = '', items, optional = false } = secret
    return secretPayload(inputs, name, { items, mode, optional })
  }
  if (downwardAPI) return downwardPayload(inputs, downwardAPI.items ?? [], mode)
  if (serviceAccountToken) {
    const { audience = '', expirationSeconds = 3600, path } = serviceAccountToken
    const token = await inputs.token(audience, expirationSeconds)
    return new Map([[path, tokenFile(inputs.pod, Buffer.from(token), mode)]])
  }
  throw new VolumeError(`projected source ${Object.keys(source).join()} is not emulated`)
}

/**
 * A token is for its pod only: where one user runs every container the file is that user's alone,
 * with fsGroup it is the group's too (projected.go).
 */
function tokenFile(pod: Pod, data: Buffer, mode: number): VolumeFile {
  const own = pod.spec.securityContext
  const users = new Set(
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
      ({ securityContext }) => securityContext?.runAsUser ?? own?.runAsUser,
    ),
  )
  const [uid] = users
  if (own?.fsGroup !== undefined) return { data, mode: 0o640 }
  return users.size === 1 && uid !== undefined ? { data, mode: 0o600, uid } : { data, mode }
}
