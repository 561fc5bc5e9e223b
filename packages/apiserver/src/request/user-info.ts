/** Who asks (authentication/v1 UserInfo). */
export interface UserInfo {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** The server's own identity, for what it does by itself at start. */
export const systemUser: UserInfo = {
  name: 'system:apiserver',
  uid: '',
  groups: ['system:masters', 'system:authenticated'],
  extra: {},
}

export const anonymousUser: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
  extra: {},
}

export const authenticatedGroup = 'system:authenticated'

export function isInGroup(user: UserInfo, group: string): boolean {
  return user.groups.includes(group)
}
