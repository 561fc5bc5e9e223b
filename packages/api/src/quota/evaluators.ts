import { claimEvaluator } from './claim-evaluator.ts'
import { ObjectCountEvaluator } from './object-count-evaluator.ts'
import { podEvaluator } from './pod-evaluator.ts'
import type { QuotaEvaluator } from './quota-evaluator.ts'
import { serviceEvaluator } from './service-evaluator.ts'

/** Kinds that are counted by more than `count/...` (evaluator/core NewEvaluators). */
export const coreEvaluators: readonly QuotaEvaluator[] = [
  podEvaluator,
  serviceEvaluator,
  claimEvaluator,
  ...['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'].map(
    (resource) => new ObjectCountEvaluator('', resource, resource),
  ),
]

/** Questions are not kept, and events never were counted. */
const uncounted = new Set(['bindings', 'localsubjectaccessreviews', 'events'])

/** Who counts objects of a resource; undefined where nobody does. */
export function evaluatorOf(group: string, resource: string): QuotaEvaluator | undefined {
  if (uncounted.has(resource)) return undefined
  const own = coreEvaluators.find((one) => one.group === group && one.resource === resource)
  return own ?? new ObjectCountEvaluator(group, resource)
}
