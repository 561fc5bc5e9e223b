/**
 * * Kinds whose DELETE answers with the object as it was; all others answer with a Status once the object
 * is gone. Upstream: ReturnDeletedObject of each kind's store.
 */
const kinds: ReadonlySet<string> = new Set([
  'CSIDriver',
  'CSINode',
  'DeviceClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Pod',
  'PodTemplate',
  'ResourceClaim',
  'ResourceClaimTemplate',
  'ResourceQuota',
  'ResourceSlice',
  'Service',
  'ServiceAccount',
  'StorageClass',
  'VolumeAttachment',
  'VolumeAttributesClass',
])

export function returnsDeletedObject(kind: string): boolean {
  return kinds.has(kind)
}
