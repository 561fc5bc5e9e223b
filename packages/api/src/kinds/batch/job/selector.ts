import type { Job } from '../../../generated/types.ts'
import { selectorOf } from '../../../label-selector.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { isReadableSelector } from '../../pod-spec/template-validation.ts'

/** The first of each pair is older than prefixes. */
const uidLabels = ['controller-uid', 'batch.kubernetes.io/controller-uid'] as const
const nameLabels = ['job-name', 'batch.kubernetes.io/job-name'] as const

/** Pods of a job are found by its uid, unless the writer chose the selector. */
export function generateSelector({ metadata, spec }: Job): void {
  if (spec.manualSelector) return
  spec.template.metadata ??= {}
  const labels = (spec.template.metadata.labels ??= {})
  // A body without a name comes here too; the metadata's own rules refuse it.
  const name = (metadata.name as string | undefined) ?? ''
  for (const label of nameLabels) labels[label] ??= name
  for (const label of uidLabels) labels[label] ??= metadata.uid ?? ''
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = labels
  spec.selector ??= {}
  spec.selector.matchLabels ??= {}
  spec.selector.matchLabels[uidLabels[1]] ??= metadata.uid ?? ''
}

/** Whether an older server made this job, which did not know the prefixed labels. */
export function lacksPrefixedLabels({ spec }: Job): boolean {
  const labels = spec.template.metadata?.labels ?? {}
  return labels[uidLabels[1]] === undefined || labels[nameLabels[1]] === undefined
}

/** The writer's own labels may be in the way of the generated ones. */
export function validateGeneratedSelector(job: Job, isOld: boolean): FieldError[] {
  const { metadata, spec } = job
  if (spec.manualSelector || !spec.selector) return []
  const uid = metadata.uid ?? ''
  const errors = uid === '' ? [fieldRequired(fieldPath('metadata', 'uid'))] : []
  const expected: Record<string, string> = {}
  for (const i of isOld ? [0] : [0, 1]) {
    expected[uidLabels[i]!] = uid
    expected[nameLabels[i]!] = metadata.name
  }
  for (const [label, value] of Object.entries(expected))
    errors.push(...validateLabel(job, label, value))
  if (!isReadableSelector(spec.selector)) return errors
  if (selectorOf(spec.selector).matches(expected)) return errors
  const text = '`selector` not auto-generated'
  return [...errors, fieldInvalid(fieldPath('spec', 'selector'), spec.selector, text)]
}

function validateLabel({ spec }: Job, label: string, value: string): FieldError[] {
  const labels = spec.template.metadata?.labels ?? {}
  const at = fieldPath('spec', 'template', 'metadata', 'labels').key(label)
  if (labels[label] === value) return []
  // Go writes maps in order.
  const shown = Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const text = `must be '${value}'`
  return labels[label] === undefined ? [fieldRequired(at, text)] : [fieldInvalid(at, shown, text)]
}
