import { PermissionType } from '@kemu/rpc/etcd-codec'
import type {
  AuthRoleGrantPermissionRequest,
  AuthRoleRevokePermissionRequest,
  AuthUserAddRequest,
  Permission,
  Role,
  User,
} from '@kemu/rpc/etcd-codec'
import type { StoredAuth } from '@kemu/rpc/raft-codec'
import { etcdError } from '../errors.ts'
import { covers, isValidRange } from './permissions.ts'
import type { Access } from './permissions.ts'

export const rootName = 'root'

/** On whose behalf a request is made, and which state of the rules it was checked with. */
export interface Identity {
  readonly user: string
  readonly authRevision: number
}

/** Nobody is known. */
export const nobodyKnown: Identity = { user: '', authRevision: 0 }

interface UserRecord {
  readonly password: string
  readonly hasNoPassword: boolean
  /** In order. */
  readonly roles: readonly string[]
}

/** Users, roles and what they may: part of the replicated state, the same on every member. */
export class AuthStore {
  #isEnabled = false
  /** Grows with each change of the rules. */
  #revision = 1
  readonly #users = new Map<string, UserRecord>()
  readonly #roles = new Map<string, readonly Permission[]>()
  /** Simple tokens and whose they are; not kept over a restart. */
  readonly #tokens = new Map<string, string>()

  get isEnabled(): boolean {
    return this.#isEnabled
  }

  get revision(): number {
    return this.#revision
  }

  restore(stored: StoredAuth | undefined): void {
    if (!stored) return
    this.#isEnabled = stored.enabled
    this.#revision = stored.revision
    for (const { name, password, roles, options } of stored.users) {
      this.#users.set(name, { password, hasNoPassword: options?.noPassword ?? false, roles })
    }
    for (const { name, keyPermission } of stored.roles) this.#roles.set(name, keyPermission)
  }

  toStored(): StoredAuth {
    const users = [...this.#users].map(([name, user]): User => {
      const options = { noPassword: user.hasNoPassword }
      return { name, password: user.password, roles: [...user.roles], options }
    })
    const roles = [...this.#roles].map(([name, permissions]): Role => {
      return { name, keyPermission: [...permissions] }
    })
    return { enabled: this.#isEnabled, revision: this.#revision, users, roles }
  }

  enable(): void {
    if (this.#isEnabled) return
    const root = this.#users.get(rootName)
    if (!root) throw etcdError('rootUserMissing')
    if (!root.roles.includes(rootName)) throw etcdError('rootRoleMissing')
    this.#isEnabled = true
  }

  disable(): void {
    if (!this.#isEnabled) return
    this.#isEnabled = false
    this.#tokens.clear()
    this.#revision += 1
  }

  /** The stored form of a user's password; undefined when no password can be right. */
  passwordOf(name: string): string | undefined {
    const user = this.#users.get(name)
    return user && !user.hasNoPassword ? user.password : undefined
  }

  /** It is there, and logs in by certificate only. */
  hasNoPassword(name: string): boolean {
    return this.#users.get(name)?.hasNoPassword ?? false
  }

  addToken(user: string, token: string): void {
    if (!this.#isEnabled) throw etcdError('authNotEnabled')
    if (this.passwordOf(user) === undefined) throw etcdError('authFailed')
    this.#tokens.set(token, user)
  }

  userOfToken(token: string): string | undefined {
    return this.#tokens.get(token)
  }

  forgetToken(token: string): void {
    this.#tokens.delete(token)
  }

  users(): string[] {
    return [...this.#users.keys()].sort()
  }

  roles(): string[] {
    return [...this.#roles.keys()].sort()
  }

  rolesOf(user: string): string[] {
    return [...this.#user(user).roles]
  }

  permissionsOf(role: string): readonly Permission[] {
    const permissions = this.#role(role)
    // The root role has every right, without a list.
    return role === rootName ? [rootPermission] : permissions
  }

  hasRole(user: string, role: string): boolean {
    return this.#users.get(user)?.roles.includes(role) ?? false
  }

  addUser({ name, hashedPassword, options }: AuthUserAddRequest): void {
    if (name === '') throw etcdError('userEmpty')
    if (this.#users.has(name)) throw etcdError('userExists')
    const hasNoPassword = options?.noPassword ?? false
    this.#users.set(name, {
      password: hasNoPassword ? '' : hashedPassword,
      hasNoPassword,
      roles: [],
    })
    this.#revision += 1
  }

  deleteUser(name: string): void {
    if (this.#isEnabled && name === rootName) throw etcdError('invalidAuthManagement')
    this.#user(name)
    this.#users.delete(name)
    this.#invalidateTokens(name)
    this.#revision += 1
  }

  changePassword(name: string, hashedPassword: string): void {
    const user = this.#user(name)
    const password = user.hasNoPassword ? '' : hashedPassword
    this.#users.set(name, { ...user, password })
    this.#invalidateTokens(name)
    this.#revision += 1
  }

  grantRole(name: string, role: string): void {
    const user = this.#user(name)
    if (role !== rootName) this.#role(role)
    if (user.roles.includes(role)) return
    this.#users.set(name, { ...user, roles: [...user.roles, role].sort() })
    this.#revision += 1
  }

  revokeRole(name: string, role: string): void {
    if (this.#isEnabled && name === rootName && role === rootName) {
      throw etcdError('invalidAuthManagement')
    }
    const user = this.#user(name)
    if (!user.roles.includes(role)) throw etcdError('roleNotGranted')
    this.#users.set(name, { ...user, roles: user.roles.filter((r) => r !== role) })
    this.#revision += 1
  }

  addRole(name: string): void {
    if (name === '') throw etcdError('roleEmpty')
    if (this.#roles.has(name)) throw etcdError('roleExists')
    this.#roles.set(name, [])
    this.#revision += 1
  }

  deleteRole(name: string): void {
    if (this.#isEnabled && name === rootName) throw etcdError('invalidAuthManagement')
    this.#role(name)
    this.#roles.delete(name)
    for (const [user, record] of this.#users) {
      const roles = record.roles.filter((role) => role !== name)
      if (roles.length < record.roles.length) this.#users.set(user, { ...record, roles })
    }
    this.#revision += 1
  }

  grantPermission({ name, perm }: AuthRoleGrantPermissionRequest): void {
    if (!perm) throw etcdError('permissionNotGiven')
    if (!isValidRange(perm.key, perm.rangeEnd)) throw etcdError('invalidAuthManagement')
    const others = this.#role(name).filter((p) => !isSameRange(p, perm))
    const sorted = [...others, perm].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    this.#roles.set(name, sorted)
    this.#revision += 1
  }

  revokePermission({ role, key, rangeEnd }: AuthRoleRevokePermissionRequest): void {
    const permissions = this.#role(role)
    const rest = permissions.filter((p) => !isSameRange(p, { key, rangeEnd }))
    if (rest.length === permissions.length) throw etcdError('permissionNotGranted')
    this.#roles.set(role, rest)
    this.#revision += 1
  }

  /** Throws when this user may not do that. */
  check(identity: Identity, access: Access, key: string, rangeEnd: string): void {
    if (!this.#isEnabled) return
    if (identity.authRevision === 0) throw etcdError('userEmpty')
    if (identity.authRevision < this.#revision) throw etcdError('authOldRevision')
    const user = this.#users.get(identity.user)
    if (!user) throw etcdError('permissionDenied')
    if (user.roles.includes(rootName)) return
    const permissions = user.roles.flatMap((role) => this.#roles.get(role) ?? [])
    if (!covers(permissions, access, key, rangeEnd)) throw etcdError('permissionDenied')
  }

  /** Throws unless this user has the root role. */
  checkAdmin({ user }: Identity): void {
    if (!this.#isEnabled) return
    if (user === '') throw etcdError('userEmpty')
    if (!this.#user(user).roles.includes(rootName)) throw etcdError('permissionDenied')
  }

  #user(name: string): UserRecord {
    const user = this.#users.get(name)
    if (!user) throw etcdError('userNotFound')
    return user
  }

  #role(name: string): readonly Permission[] {
    const permissions = this.#roles.get(name)
    if (!permissions) throw etcdError('roleNotFound')
    return permissions
  }

  #invalidateTokens(name: string): void {
    for (const [token, user] of this.#tokens) if (user === name) this.#tokens.delete(token)
  }
}

const rootPermission: Permission = {
  permType: PermissionType.READWRITE,
  key: '',
  rangeEnd: '\0',
}

function isSameRange(a: RangeOf, b: RangeOf): boolean {
  return a.key === b.key && a.rangeEnd === b.rangeEnd
}

interface RangeOf {
  readonly key: string
  readonly rangeEnd: string
}
