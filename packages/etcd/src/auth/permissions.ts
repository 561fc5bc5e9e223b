import { PermissionType } from '@kemu/rpc/etcd-codec'
import type { Permission } from '@kemu/rpc/etcd-codec'
import { toTheEnd } from '../mvcc/key-range.ts'

/** Ranges as [from, to); an undefined end is open. */
interface Interval {
  readonly from: string
  readonly to: string | undefined
}

export type Access = 'read' | 'write'

/** Do these permissions together cover the whole range? Ranges that touch count as one. */
export function covers(
  permissions: readonly Permission[],
  access: Access,
  key: string,
  rangeEnd: string,
): boolean {
  const wanted = intervalOf(key, rangeEnd)
  const granted = permissions
    .filter(({ permType }) => allows(permType, access))
    .map((permission) => intervalOf(permission.key, permission.rangeEnd))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  let reached = wanted.from
  for (const { from, to } of granted) {
    if (from > reached) return false
    if (to === undefined) return true
    if (to > reached) reached = to
    if (wanted.to !== undefined && reached >= wanted.to) return true
  }
  return false
}

function allows(type: number, access: Access): boolean {
  if (type === PermissionType.READWRITE) return true
  return type === (access === 'read' ? PermissionType.READ : PermissionType.WRITE)
}

/** One key is the range up to its successor. */
function intervalOf(key: string, rangeEnd: string): Interval {
  if (rangeEnd === '') return { from: key, to: `${key}\0` }
  return { from: key, to: rangeEnd === toTheEnd ? undefined : rangeEnd }
}

/** A permission's range must hold something, and start at a key: that of all keys starts at \0. */
export function isValidRange(key: string, rangeEnd: string): boolean {
  if (key === '') return false
  return rangeEnd === '' || rangeEnd === toTheEnd || key < rangeEnd
}
