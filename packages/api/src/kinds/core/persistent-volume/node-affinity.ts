import type { VolumeNodeAffinity } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'

/** Labels that cloud providers renamed; an affinity may follow. */
const newNames: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
}

type Affinity = VolumeNodeAffinity | undefined

/** `old` with those of its keys in new words that `now` has so. */
export function withNewLabels(old: Affinity, now: Affinity): Affinity {
  if (!old?.required || !now?.required) return old
  const copy = structuredClone(old)
  for (const [i, term] of copy.required!.nodeSelectorTerms.entries())
    for (const [j, expression] of (term.matchExpressions ?? []).entries()) {
      const other = now.required.nodeSelectorTerms[i]?.matchExpressions?.[j]
      const name = newNames[expression.key]
      if (name === undefined || other?.key !== name) continue
      if (deepEqual({ ...expression, key: name }, other)) expression.key = name
    }
  return copy
}

/** Messages show the server's own type. */
export function shownAffinity(affinity: Affinity): unknown {
  if (!affinity) return null
  const expressions = (
    list: readonly { key: string; operator: string; values?: string[] }[] = [],
  ) =>
    list.length === 0
      ? null
      : list.map(({ key, operator, values }) => ({
          Key: key,
          Operator: operator,
          Values: values ?? null,
        }))
  const terms = affinity.required?.nodeSelectorTerms.map((term) => ({
    MatchExpressions: expressions(term.matchExpressions),
    MatchFields: expressions(term.matchFields),
  }))
  return { Required: terms ? { NodeSelectorTerms: terms } : null }
}
