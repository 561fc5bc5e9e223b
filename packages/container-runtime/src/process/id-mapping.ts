import { readFileSync } from 'node:fs'

/** Which users and groups exist in the user namespace of this process. */
export interface IdMapping {
  hasUser(uid: number): boolean
  hasGroup(gid: number): boolean
  /** setgroups(2) is allowed; not for an unprivileged user's own namespace. */
  readonly canSetGroups: boolean
}

interface Range {
  readonly first: number
  readonly count: number
}

/** Parses uid_map or gid_map (user_namespaces(7)): first id inside, first outside, count. */
export function parseIdMap(text: string): Range[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((fields) => fields.length === 3)
    .map(([first, , count]) => ({ first: first!, count: count! }))
}

export function readIdMapping(): IdMapping {
  const users = parseIdMap(readFileSync('/proc/self/uid_map', 'utf8'))
  const groups = parseIdMap(readFileSync('/proc/self/gid_map', 'utf8'))
  const isIn = (ranges: readonly Range[], id: number): boolean =>
    ranges.some(({ first, count }) => id >= first && id < first + count)
  return {
    hasUser: (uid) => isIn(users, uid),
    hasGroup: (gid) => isIn(groups, gid),
    canSetGroups: readFileSync('/proc/self/setgroups', 'utf8').trim() === 'allow',
  }
}

/** True for root of the machine, false in a user namespace that holds a part of the machine's users. */
export function ownsAllUsers(): boolean {
  const [range] = parseIdMap(readFileSync('/proc/self/uid_map', 'utf8'))
  return range !== undefined && range.first === 0 && range.count > 65_536
}
