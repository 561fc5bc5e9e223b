import type { Random } from '@kemu/base'
import { AuthService } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { LogRequest } from '@kemu/rpc/raft-codec'
import type { Authenticator } from '../auth/authenticator.ts'
import { hashPassword } from '../auth/password.ts'
import { etcdError } from '../errors.ts'
import type { ServerCall } from '../grpc/call.ts'
import type { GrpcServer } from '../grpc/server.ts'
import type { Member } from '../member/member.ts'

export interface AuthDeps {
  readonly member: Member
  readonly authenticator: Authenticator
  readonly random: Random
  readonly passwordCost: number
}

/** The Auth service. Passwords are digested before they go into the log. */
export function addAuth(server: GrpcServer, deps: AuthDeps): void {
  const { member, authenticator, random, passwordCost } = deps
  const auth = () => member.state.auth
  const header = () => ({ header: member.header() })
  const change = async (call: ServerCall, request: Init<LogRequest>) => {
    await member.submitted(request, authenticator.identify(call))
    return header()
  }
  const admin = async (call: ServerCall): Promise<void> => {
    await member.whenReadable()
    auth().checkAdmin(authenticator.identify(call))
  }
  // A digest that the caller made is not taken, here as in etcd: the password itself is digested.
  const hashed = (password: string): Promise<string> => hashPassword(password, passwordCost, random)
  server
    .async(AuthService.AuthEnable, (_request, call) => change(call, { authEnable: {} }))
    .async(AuthService.AuthDisable, (_request, call) => change(call, { authDisable: {} }))
    .async(AuthService.AuthStatus, async (_request, call) => {
      await admin(call)
      return { ...header(), enabled: auth().isEnabled, authRevision: auth().revision }
    })
    .async(AuthService.Authenticate, async ({ name, password }) => {
      await member.whenReadable()
      const { applied } = member.host.status()
      const { token, isReplicated } = await authenticator.issue(name, password, applied)
      if (isReplicated) await member.submitted({ simpleToken: { user: name, token } })
      return { ...header(), token }
    })
    .async(AuthService.UserAdd, async (request, call) => {
      const { name, password, options } = request
      if (name === '') throw etcdError('userEmpty')
      const isWithout = options?.noPassword ?? false
      const hashedPassword = isWithout ? '' : await hashed(password)
      return change(call, { userAdd: { name, options, hashedPassword } })
    })
    .async(AuthService.UserChangePassword, async (request, call) => {
      // An empty one is kept as no digest at all, as etcd does: nobody can log in with it.
      const hashedPassword = request.password === '' ? '' : await hashed(request.password)
      return change(call, { userChangePassword: { name: request.name, hashedPassword } })
    })
    .async(AuthService.UserGet, async ({ name }, call) => {
      await member.whenReadable()
      const identity = authenticator.identify(call)
      if (identity.user !== name) auth().checkAdmin(identity)
      return { ...header(), roles: auth().rolesOf(name) }
    })
    .async(AuthService.UserList, async (_request, call) => {
      await admin(call)
      return { ...header(), users: auth().users() }
    })
    .async(AuthService.UserDelete, (userDelete, call) => change(call, { userDelete }))
    .async(AuthService.UserGrantRole, (userGrantRole, call) => change(call, { userGrantRole }))
    .async(AuthService.UserRevokeRole, (userRevokeRole, call) => change(call, { userRevokeRole }))
    .async(AuthService.RoleAdd, (roleAdd, call) => change(call, { roleAdd }))
    .async(AuthService.RoleGet, async ({ role }, call) => {
      await member.whenReadable()
      const identity = authenticator.identify(call)
      if (!auth().hasRole(identity.user, role)) auth().checkAdmin(identity)
      return { ...header(), perm: auth().permissionsOf(role) }
    })
    .async(AuthService.RoleList, async (_request, call) => {
      await admin(call)
      return { ...header(), roles: auth().roles() }
    })
    .async(AuthService.RoleDelete, (roleDelete, call) => change(call, { roleDelete }))
    .async(AuthService.RoleGrantPermission, (roleGrantPermission, call) =>
      change(call, { roleGrantPermission }),
    )
    .async(AuthService.RoleRevokePermission, (roleRevokePermission, call) =>
      change(call, { roleRevokePermission }),
    )
}
