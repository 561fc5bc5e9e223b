import type {
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  ObjectMeta,
  Pod,
} from '../generated/types.ts'

/** What selectors see of a node. */
export interface SelectableNode {
  readonly metadata: Pick<ObjectMeta, 'name' | 'labels'>
}

/** True when one of the terms matches; no terms match nothing (component-helpers/scheduling/corev1/nodeaffinity). */
export function nodeSelectorMatches(selector: NodeSelector, node: SelectableNode): boolean {
  return (selector.nodeSelectorTerms ?? []).some((term) => nodeTermMatches(term, node))
}

/** All expressions over labels and fields must hold; a term without any matches nothing. */
export function nodeTermMatches(term: NodeSelectorTerm, node: SelectableNode): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return (
    expressions.every((e) => requirementHolds(e, labels[e.key])) &&
    fields.every((f) =>
      requirementHolds(f, f.key === 'metadata.name' ? node.metadata.name : undefined),
    )
  )
}

function requirementHolds(
  requirement: NodeSelectorRequirement,
  value: string | undefined,
): boolean {
  const values = requirement.values ?? []
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return compare(value, values[0], (a, b) => a > b)
    case 'Lt':
      return compare(value, values[0], (a, b) => a < b)
    default:
      return false
  }
}

function compare(
  value: string | undefined,
  bound: string | undefined,
  holds: (a: bigint, b: bigint) => boolean,
): boolean {
  const integer = /^[-+]?\d+$/
  if (value === undefined || bound === undefined) return false
  return integer.test(value) && integer.test(bound) && holds(BigInt(value), BigInt(bound))
}

/** What a pod demands of its node: nodeSelector and required node affinity, both. */
export function podRequiresNode(pod: Pod): boolean {
  return (
    Object.keys(pod.spec.nodeSelector ?? {}).length > 0 || requiredNodeAffinity(pod) !== undefined
  )
}

export function podFitsNodeSelector(pod: Pod, node: SelectableNode): boolean {
  const labels = node.metadata.labels ?? {}
  const wanted = Object.entries(pod.spec.nodeSelector ?? {})
  if (!wanted.every(([key, value]) => labels[key] === value)) return false
  const required = requiredNodeAffinity(pod)
  return required === undefined || nodeSelectorMatches(required, node)
}

export function requiredNodeAffinity(pod: Pod): NodeSelector | undefined {
  return pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
}
