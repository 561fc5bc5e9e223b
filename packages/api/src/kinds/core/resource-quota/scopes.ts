const computeResources = [
  'cpu',
  'memory',
  'limits.cpu',
  'limits.memory',
  'requests.cpu',
  'requests.memory',
]
const claimResources = ['persistentvolumeclaims', 'requests.storage']

/** core/helper standardQuotaResources */
const standardResources = new Set([
  ...computeResources,
  ...claimResources,
  'ephemeral-storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
])

const podScopes = new Set([
  'Terminating',
  'NotTerminating',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
])

/** Scopes that are there or not: no operator but Exists. */
export const scopesThatOnlyExist: ReadonlySet<string> = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
])

export function isScope(name: string): boolean {
  return podScopes.has(name) || name === 'BestEffort' || name === 'VolumeAttributesClass'
}

export function isStandardQuotaResource(name: string): boolean {
  return standardResources.has(name) || /^(requests\.)?hugepages-/.test(name)
}

/** Whether what the scope selects is counted by that resource (IsResourceQuotaScopeValidForResource). */
export function isScopeOfResource(scope: string, name: string): boolean {
  if (podScopes.has(scope)) return name === 'pods' || computeResources.includes(name)
  if (scope === 'BestEffort') return name === 'pods'
  if (scope === 'VolumeAttributesClass') return claimResources.includes(name)
  return true
}
