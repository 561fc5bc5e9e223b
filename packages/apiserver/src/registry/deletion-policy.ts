/**
 * Resources whose deletion answers with the object instead of a Status (ReturnDeletedObject in
 * their storage).
 */
const returnsObject = new Set([
  'pods',
  'services',
  'namespaces',
  'serviceaccounts',
  'podtemplates',
  'persistentvolumes',
  'persistentvolumeclaims',
  'resourcequotas',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
  'deviceclasses.resource.k8s.io',
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
  'resourceslices.resource.k8s.io',
])

export function returnsDeletedObject(groupResource: string): boolean {
  return returnsObject.has(groupResource)
}
