import { selectorOf } from '@kemu/api'
import type { PodDisruptionBudget } from '@kemu/api'
import type { PodInfo } from '../../cache/pod-info.ts'

/**
 * Those of the pods whose leaving would break a budget, when all of them leave in this order
 * (filterPodsWithPDBViolation). Here a budget with an empty selector covers nothing.
 */
export function budgetViolations(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): Set<PodInfo> {
  const purses = budgets.map(({ metadata, spec, status }) => ({
    namespace: metadata.namespace,
    selector: isEmpty(spec.selector) ? undefined : selectorOf(spec.selector),
    gone: status?.disruptedPods ?? {},
    left: status?.disruptionsAllowed ?? 0,
  }))
  const violating = new Set<PodInfo>()
  for (const info of pods) {
    const { namespace, name, labels = {} } = info.pod.metadata
    if (Object.keys(labels).length === 0) continue
    for (const purse of purses) {
      if (purse.namespace !== namespace || !purse.selector?.matches(labels)) continue
      if (purse.gone[name] !== undefined) continue
      purse.left -= 1
      if (purse.left < 0) violating.add(info)
    }
  }
  return violating
}

function isEmpty(selector: PodDisruptionBudget['spec']['selector']): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}
