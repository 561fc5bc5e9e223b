import type { Container, Pod, Volume } from '@kemu/api'

/** What a node may read because a pod on it refers to it. Keys are `kind namespace/name`. */
export function referencesOf(pod: Pod): Set<string> {
  const references = new Set<string>()
  const { namespace = '', name } = pod.metadata
  // A mirror pod cannot pull anything in: the node itself wrote it.
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    return references.add(`pod ${namespace}/${name}`)
  }
  const add = (kind: ReferenceKind, target: string | undefined): void => {
    if (target) references.add(`${kind} ${namespace}/${target}`)
  }
  const { spec } = pod
  add('pod', name)
  add('serviceAccount', spec.serviceAccountName)
  for (const { name: secret } of spec.imagePullSecrets ?? []) add('secret', secret)
  const containers: Container[] = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...((spec.ephemeralContainers ?? []) as unknown as Container[]),
  ]
  for (const container of containers) addOfContainer(container, add)
  for (const volume of spec.volumes ?? []) addOfVolume(volume, add)
  return references
}

export type ReferenceKind =
  | 'pod'
  | 'secret'
  | 'configMap'
  | 'serviceAccount'
  | 'persistentVolumeClaim'

type Add = (kind: ReferenceKind, name: string | undefined) => void

function addOfContainer({ env = [], envFrom = [] }: Container, add: Add): void {
  for (const { valueFrom } of env) {
    add('secret', valueFrom?.secretKeyRef?.name)
    add('configMap', valueFrom?.configMapKeyRef?.name)
  }
  for (const { secretRef, configMapRef } of envFrom) {
    add('secret', secretRef?.name)
    add('configMap', configMapRef?.name)
  }
}

function addOfVolume(volume: Volume, add: Add): void {
  add('secret', volume.secret?.secretName)
  add('configMap', volume.configMap?.name)
  add('persistentVolumeClaim', volume.persistentVolumeClaim?.claimName)
  for (const { secret, configMap } of volume.projected?.sources ?? []) {
    add('secret', secret?.name)
    add('configMap', configMap?.name)
  }
}
