import type { ResourceQuota } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import {
  addAmounts,
  describeAmounts,
  growth,
  onlyNamed,
  readAmounts,
  withoutZeros,
  writeAmounts,
} from './amounts.ts'
import type { Amounts } from './amounts.ts'
import type { QuotaChange, QuotaEvaluator } from './quota-evaluator.ts'
import { scopesOf } from './scope-selector.ts'

/** What a write means to one quota. */
export type Charge =
  | { readonly form: 'none' }
  | { readonly form: 'refused'; readonly why: string }
  /** The quota's status with the write counted in. */
  | { readonly form: 'charged'; readonly status: NonNullable<ResourceQuota['status']> }

const none: Charge = { form: 'none' }

/** resourcequota.CheckRequest, for one quota. */
export function charge(
  quota: ResourceQuota,
  change: QuotaChange,
  evaluator: QuotaEvaluator,
  nowMs: number,
): Charge {
  const { name } = quota.metadata
  const hard = readAmounts(quota.status?.hard)
  const used = readAmounts(quota.status?.used)
  const { object } = change
  const counted = evaluator.counted([...hard.keys()])
  if (counted.length === 0 || !isInScopes(quota, evaluator, object)) return none
  const missing = evaluator.missing(counted, object)
  if (missing !== undefined) return refused(`failed quota: ${name}: ${missing}`)
  if (counted.some((resource) => !used.has(resource))) {
    const resources = counted.toSorted().join(',')
    return refused(`status unknown for quota: ${name}, resources: ${resources}`)
  }
  const requested = onlyNamed(withoutZeros(delta(quota, change, evaluator, nowMs)), hard.keys())
  if (requested.size === 0) return none
  const next = addAmounts(used, requested)
  const exceeded = [...requested.keys()].filter(
    (resource) => next.get(resource)!.compare(hard.get(resource)!) > 0,
  )
  if (exceeded.length === 0)
    return { form: 'charged', status: { ...quota.status, used: writeAmounts(next) } }
  const show = (amounts: Amounts): string => describeAmounts(onlyNamed(amounts, exceeded))
  return refused(
    `exceeded quota: ${name}, requested: ${show(requested)}, used: ${show(used)}, limited: ${show(hard)}`,
  )
}

/** Whether the quota counts the object at all. */
export function isInScopes(
  quota: ResourceQuota,
  evaluator: QuotaEvaluator,
  object: KubeObject,
): boolean {
  return scopesOf(quota).every((selector) => evaluator.isInScope(selector, object))
}

/** A change costs what it adds; what comes into the quota's scope costs all of it. */
function delta(
  quota: ResourceQuota,
  { object, old }: QuotaChange,
  evaluator: QuotaEvaluator,
  nowMs: number,
): Amounts {
  const now = evaluator.usage(object, nowMs)
  if (!old || !isInScopes(quota, evaluator, old)) return now
  return growth(now, evaluator.usage(old, nowMs))
}

function refused(why: string): Charge {
  return { form: 'refused', why }
}
