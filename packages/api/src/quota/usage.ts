import type { ResourceQuota } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import { Quantity } from '../quantity.ts'
import { addAmounts, onlyNamed } from './amounts.ts'
import type { Amounts } from './amounts.ts'
import { isInScopes } from './charge.ts'
import { coreEvaluators } from './evaluators.ts'
import { ObjectCountEvaluator } from './object-count-evaluator.ts'
import type { QuotaEvaluator } from './quota-evaluator.ts'

/** Who must be asked to know what is used of these resources. */
export function evaluatorsFor(names: readonly string[]): QuotaEvaluator[] {
  const core = coreEvaluators.filter((evaluator) => evaluator.counted(names).length > 0)
  const counts = names.flatMap((name) => {
    const [, resource = '', group = ''] = /^count\/([^.]+)(?:\.(.+))?$/.exec(name) ?? []
    if (resource === '') return []
    const known = core.some((one) => one.group === group && one.resource === resource)
    return known ? [] : [new ObjectCountEvaluator(group, resource)]
  })
  return [...core, ...counts]
}

/** What a quota's namespace uses of what the quota counts (quota.CalculateUsage). */
export function quotaUsage(
  quota: ResourceQuota,
  objectsOf: (evaluator: QuotaEvaluator) => readonly KubeObject[],
  nowMs: number,
): Amounts {
  const names = Object.keys(quota.spec?.hard ?? {})
  let used: Amounts = new Map()
  for (const evaluator of evaluatorsFor(names)) {
    const zeros = evaluator.counted(names).map((name) => [name, Quantity.ofUnits(0)] as const)
    used = addAmounts(used, new Map(zeros))
    for (const object of objectsOf(evaluator))
      if (isInScopes(quota, evaluator, object))
        used = addAmounts(used, evaluator.usage(object, nowMs))
  }
  return onlyNamed(used, names)
}
