import type { JobSpec } from '../../../generated/types.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { templateWarnings } from '../../pod-spec/template-warnings.ts'

const manyCompletions = 100_000
const manyAtOnce = 10_000

/** Of a job and of a template of jobs. */
export function jobWarnings(spec: JobSpec, path: FieldPath): string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec
  const warnings = templateWarnings(spec.template, path.child('template'))
  const isMany = completions > manyCompletions && parallelism > manyAtOnce
  if (completionMode !== 'Indexed' || !isMany) return warnings
  const when = 'a number of completions higher than 10^5 and a parallelism higher than 10^4'
  const what =
    'Kubernetes might not be able to track completedIndexes when a big number of indexes fail'
  const text = `In Indexed Jobs with ${when}, ${what}`
  return [`${path.toString()}: ${text}`, ...warnings]
}
