import type { ObjectMeta } from '../../../generated/types.ts'

/** Where the class stood before v1.6; it still comes first. */
export const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** Of a claim or a volume; empty where none is stated. */
export function storageClassName(object: {
  metadata: Pick<ObjectMeta, 'annotations'>
  spec: { storageClassName?: string }
}): string {
  return object.metadata.annotations?.[betaClassAnnotation] ?? object.spec.storageClassName ?? ''
}

const abbreviations = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const

/** Access modes as `kubectl get` shows them. */
export function accessModesText(modes: readonly string[] = []): string {
  return abbreviations
    .filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',')
}
