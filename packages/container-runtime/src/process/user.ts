import type { LinuxContainerSecurityContext } from '@kemu/rpc/cri'

/** Ids that a container's processes run with. */
export interface ContainerUserIds {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly home: string
}

/** A line of passwd(5) or group(5). */
interface Account {
  readonly name: string
  readonly fields: readonly string[]
}

function parseAccounts(text: string): Account[] {
  return text
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => line.split(':'))
    .map((fields) => ({ name: fields[0] ?? '', fields }))
}

/** Refused in runc's words. */
export class UnknownUser extends Error {
  override name = 'UnknownUser'
}

/**
 * Who runs: the security context's user, else the image's, with the groups of the image's own passwd and group files
 * unless the policy is Strict (KEP-3619).
 */
export function resolveUser(
  security: LinuxContainerSecurityContext | null | undefined,
  imageUser: string,
  passwd: string,
  group: string,
): ContainerUserIds {
  const wanted = security?.runAsUser?.value ?? (security?.runAsUsername || imageUser || '0')
  const [userText = '0', groupText] = wanted.split(':')
  const account = findAccount(parseAccounts(passwd), userText)
  const uid = account ? Number(account.fields[2]) : toId(userText)
  if (uid === undefined)
    throw new UnknownUser(`unable to find user ${userText}: no matching entries in passwd file`)
  const groups = parseAccounts(group)
  const gid =
    toId(security?.runAsGroup?.value) ??
    (groupText === undefined ? undefined : groupId(groups, groupText)) ??
    (account ? Number(account.fields[3]) : 0)
  const ofImage =
    security?.supplementalGroupsPolicy === 'Strict' || !account
      ? []
      : groups
          .filter(({ fields }) => (fields[3] ?? '').split(',').includes(account.name))
          .map(({ fields }) => Number(fields[2]))
  const added = (security?.supplementalGroups ?? []).map(Number)
  return {
    uid,
    gid,
    groups: [...new Set([gid, ...ofImage, ...added])].sort((a, b) => a - b),
    home: account?.fields[5] || '/',
  }
}

function findAccount(accounts: readonly Account[], user: string): Account | undefined {
  return accounts.find(({ name, fields }) => name === user || fields[2] === user)
}

function groupId(groups: readonly Account[], text: string): number {
  const found = groups.find(({ name }) => name === text)
  const gid = found ? Number(found.fields[2]) : toId(text)
  if (gid === undefined)
    throw new UnknownUser(`unable to find group ${text}: no matching entries in group file`)
  return gid
}

function toId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
