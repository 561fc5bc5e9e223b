type Labels = Readonly<Record<string, string>>

/** Labels that kubelets may set on their own nodes (kubelet well_known_labels.go). */
const kubeletLabels = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])
const kubeletNamespaces = ['kubelet.kubernetes.io', 'node.kubernetes.io']
const restricted = 'node-restriction.kubernetes.io'

/** Changed labels that a kubelet may not touch, sorted. */
export function forbiddenNodeLabels(now: Labels = {}, before: Labels = {}): string[] {
  const keys = new Set([...Object.keys(now), ...Object.keys(before)])
  return [...keys].filter((key) => now[key] !== before[key] && isForbidden(key)).sort()
}

function isForbidden(key: string): boolean {
  const at = key.indexOf('/')
  const namespace = at < 0 ? '' : key.slice(0, at)
  if (isWithin(namespace, restricted)) return true
  const isKubernetes = isWithin(namespace, 'kubernetes.io') || isWithin(namespace, 'k8s.io')
  return (
    isKubernetes &&
    !kubeletLabels.has(key) &&
    !kubeletNamespaces.some((own) => isWithin(namespace, own))
  )
}

function isWithin(namespace: string, parent: string): boolean {
  return namespace === parent || namespace.endsWith(`.${parent}`)
}
