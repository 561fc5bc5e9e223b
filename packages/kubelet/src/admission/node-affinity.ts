import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from '@kemu/api'

export interface NodeIdentity {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Does the node match the pod's selector and its required affinity?
 * (component-helpers/nodeaffinity)
 */
export function matchesNode(pod: Pod, node: NodeIdentity): boolean {
  const selector = Object.entries(pod.spec.nodeSelector ?? {})
  if (!selector.every(([key, value]) => node.labels[key] === value)) return false
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (!required) return true
  return (required.nodeSelectorTerms ?? []).some((term) => matchesTerm(term, node))
}

function matchesTerm(term: NodeSelectorTerm, node: NodeIdentity): boolean {
  const { matchExpressions = [], matchFields = [] } = term
  if (matchExpressions.length + matchFields.length === 0) return false
  const fields = { 'metadata.name': node.name }
  return (
    matchExpressions.every((requirement) => isMet(requirement, node.labels)) &&
    matchFields.every((requirement) => isMet(requirement, fields))
  )
}

function isMet(
  { key, operator, values = [] }: NodeSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return integer(value) > integer(values[0])
    case 'Lt':
      return integer(value) < integer(values[0])
    default:
      return false
  }
}

/** NaN, which compares with nothing, for what is no integer. */
function integer(text: string | undefined): number {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : Number.NaN
}
