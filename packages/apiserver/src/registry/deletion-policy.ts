/** What the garbage collector does by default when an object goes (rest.GarbageCollectionPolicy). */
export type CollectionPolicy = 'DeleteDependents' | 'OrphanDependents' | 'Unsupported'

/** Resources that the collector never hears of. */
const unsupported = new Set(['events', 'events.events.k8s.io'])

/** Resources whose deletion answers with the object instead of a Status (ReturnDeletedObject in their storage). */
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

/** All versions that kemu serves delete dependents by default; the old orphaning ones are gone but for v1 of two kinds. */
const orphaning = new Set(['replicationcontrollers', 'jobs.batch'])

export function collectionPolicyOf(groupResource: string): CollectionPolicy {
  if (unsupported.has(groupResource)) return 'Unsupported'
  return orphaning.has(groupResource) ? 'OrphanDependents' : 'DeleteDependents'
}

export function returnsDeletedObject(groupResource: string): boolean {
  return returnsObject.has(groupResource)
}
