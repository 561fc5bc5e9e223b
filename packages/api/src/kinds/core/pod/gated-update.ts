import type { NodeAffinity, NodeSelectorTerm, PodSpec } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'

const required = 'requiredDuringSchedulingIgnoredDuringExecution'

/**
 * While a pod is held back by gates, the choice of its node may be narrowed (KEP-3838). Answers with the broken
 * rules, and the spec with the old values of what was judged here.
 */
export function validateGatedUpdate(
  spec: PodSpec,
  old: PodSpec,
): { errors: FieldError[]; spec: PodSpec } {
  const rest = { ...spec }
  const errors: FieldError[] = []
  if (!deepEqual(spec.nodeSelector, old.nodeSelector)) {
    errors.push(...validateSelector(spec, old))
    if (old.nodeSelector) rest.nodeSelector = old.nodeSelector
    else delete rest.nodeSelector
  }
  const now = spec.affinity?.nodeAffinity
  const before = old.affinity?.nodeAffinity
  if (!deepEqual(now, before)) {
    errors.push(...validateNodeAffinity(now, before, fieldPath('spec', 'affinity', 'nodeAffinity')))
    restoreNodeAffinity(rest, old)
  }
  return { errors, spec: rest }
}

function validateSelector(spec: PodSpec, old: PodSpec): FieldError[] {
  const now = spec.nodeSelector ?? {}
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => now[key] === value)
  if (kept) return []
  const text = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
  return [fieldInvalid(fieldPath('spec', 'nodeSelector'), now, text)]
}

function restoreNodeAffinity(spec: PodSpec, old: PodSpec): void {
  const { nodeAffinity: _now, ...others } = spec.affinity ?? {}
  const before = old.affinity?.nodeAffinity
  const affinity = { ...others, ...(before && { nodeAffinity: before }) }
  if (Object.keys(affinity).length === 0 && !old.affinity) delete spec.affinity
  else spec.affinity = affinity
}

/** Preferences are free; terms that were required may only become stricter. */
function validateNodeAffinity(
  now: NodeAffinity | undefined,
  before: NodeAffinity | undefined,
  path: FieldPath,
): FieldError[] {
  const terms = before?.[required]?.nodeSelectorTerms
  if (!terms) return []
  const at = path.child(required, 'nodeSelectorTerms')
  const next = now?.[required]?.nodeSelectorTerms ?? []
  if (next.length !== terms.length) {
    const text = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'
    return [fieldInvalid(at, shownTerms(next), text)]
  }
  return next.flatMap((term, i) => {
    if (isNarrower(term, terms[i]!)) return []
    const text = 'only additions are allowed (no mutations or deletions)'
    return [fieldInvalid(at.index(i), shownTerms([term])[0], text)]
  })
}

function isNarrower(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const fields = ['matchExpressions', 'matchFields'] as const
  const count = (term: NodeSelectorTerm): number =>
    fields.reduce((sum, field) => sum + (term[field]?.length ?? 0), 0)
  if (count(before) === 0 && count(now) > 0) return false
  return fields.every((field) =>
    (before[field] ?? []).every((requirement, i) => deepEqual(requirement, now[field]?.[i])),
  )
}

/** With the names of upstream's internal type. */
function shownTerms(terms: readonly NodeSelectorTerm[]): unknown[] {
  const shown = (list: NodeSelectorTerm['matchFields']): unknown =>
    list?.map(({ key, operator, values }) => ({
      Key: key,
      Operator: operator,
      Values: values ?? null,
    })) ?? null
  return terms.map((term) => ({
    MatchExpressions: shown(term.matchExpressions),
    MatchFields: shown(term.matchFields),
  }))
}
