import { deepEqual } from '@kemu/api'
import type { NodeStatus, PodStatus } from '@kemu/api'

type Json = Readonly<Record<string, unknown>>

interface Address {
  readonly ip: string
}

interface Condition {
  readonly type: string
}

/**
 * The strategic merge patch that turns one status of a pod or node into the other; undefined when
 * there is nothing to say. Conditions are merged by type and addresses by IP, all other lists are
 * replaced. Pure.
 */
export function statusPatch<Status extends PodStatus | NodeStatus>(
  old: Status,
  next: Status,
): Json | undefined {
  const patch: Record<string, unknown> = {}
  const before = old as Json
  const after = next as Json
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (deepEqual(before[key], after[key])) continue
    if (key === 'conditions') patch[key] = conditionsPatch(old.conditions, next.conditions)
    else if (key === 'podIPs' || key === 'hostIPs')
      patch[key] = addressesPatch(before[key] as Address[], after[key] as Address[])
    else patch[key] = valuePatch(before[key], after[key])
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

function conditionsPatch(
  old: readonly Condition[] = [],
  next: readonly Condition[] = [],
): unknown[] {
  const before = new Map(old.map((condition) => [condition.type, condition]))
  const patches: unknown[] = []
  for (const condition of next) {
    const standing = before.get(condition.type)
    before.delete(condition.type)
    if (!standing) patches.push(condition)
    else if (!deepEqual(standing, condition)) {
      const changes = valuePatch(standing, condition) as Json
      patches.push({ ...changes, type: condition.type })
    }
  }
  for (const type of before.keys()) patches.push({ $patch: 'delete', type })
  return patches
}

function addressesPatch(old: readonly Address[] = [], next: readonly Address[] = []): unknown[] {
  const kept = new Set(next.map(({ ip }) => ip))
  const gone = old.filter(({ ip }) => !kept.has(ip))
  return [...next, ...gone.map(({ ip }) => ({ $patch: 'delete', ip }))]
}

/** JSON merge patch for objects; what is gone is null. */
function valuePatch(old: unknown, next: unknown): unknown {
  if (next === undefined) return null
  if (!isObject(old) || !isObject(next)) return next
  const patch: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (!deepEqual(old[key], next[key])) patch[key] = valuePatch(old[key], next[key])
  }
  return patch
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
