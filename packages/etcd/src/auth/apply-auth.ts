import type { LogRequest } from '@kemu/rpc/raft-codec'
import type { AuthStore } from './auth-store.ts'

/** Applies a request about users and roles; false when it is about something else. */
export function applyAuth(auth: AuthStore, request: LogRequest): boolean {
  if (request.simpleToken) auth.addToken(request.simpleToken.user, request.simpleToken.token)
  else if (request.authEnable) auth.enable()
  else if (request.authDisable) auth.disable()
  else if (request.userAdd) auth.addUser(request.userAdd)
  else if (request.userDelete) auth.deleteUser(request.userDelete.name)
  else if (request.userChangePassword) {
    const { name, hashedPassword } = request.userChangePassword
    auth.changePassword(name, hashedPassword)
  } else if (request.userGrantRole) {
    auth.grantRole(request.userGrantRole.user, request.userGrantRole.role)
  } else if (request.userRevokeRole) {
    auth.revokeRole(request.userRevokeRole.name, request.userRevokeRole.role)
  } else if (request.roleAdd) auth.addRole(request.roleAdd.name)
  else if (request.roleDelete) auth.deleteRole(request.roleDelete.role)
  else if (request.roleGrantPermission) auth.grantPermission(request.roleGrantPermission)
  else if (request.roleRevokePermission) auth.revokePermission(request.roleRevokePermission)
  else return false
  return true
}
