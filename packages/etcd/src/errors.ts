import { code, GrpcError } from './grpc/status.ts'

/** Refusals of the API in etcd's own words (api/v3rpc/rpctypes/error.go): clients compare the texts. */
const table = {
  emptyKey: [code.INVALID_ARGUMENT, 'key is not provided'],
  keyNotFound: [code.INVALID_ARGUMENT, 'key not found'],
  valueProvided: [code.INVALID_ARGUMENT, 'value is provided'],
  leaseProvided: [code.INVALID_ARGUMENT, 'lease is provided'],
  tooManyOps: [code.INVALID_ARGUMENT, 'too many operations in txn request'],
  duplicateKey: [code.INVALID_ARGUMENT, 'duplicate key given in txn request'],
  invalidSortOption: [code.INVALID_ARGUMENT, 'invalid sort option'],
  noSpace: [code.RESOURCE_EXHAUSTED, 'mvcc: database space exceeded'],
  memberExists: [code.FAILED_PRECONDITION, 'member ID already exist'],
  peerUrlExists: [code.FAILED_PRECONDITION, 'Peer URLs already exists'],
  notEnoughStarted: [
    code.FAILED_PRECONDITION,
    're-configuration failed due to not enough started members',
  ],
  badMemberUrls: [code.INVALID_ARGUMENT, 'given member URLs are invalid'],
  memberNotFound: [code.NOT_FOUND, 'member not found'],
  memberNotLearner: [code.FAILED_PRECONDITION, 'can only promote a learner member'],
  learnerNotReady: [
    code.FAILED_PRECONDITION,
    'can only promote a learner member which is in sync with leader',
  ],
  tooManyLearners: [code.FAILED_PRECONDITION, 'too many learner members in cluster'],
  requestTooLarge: [code.INVALID_ARGUMENT, 'request is too large'],
  tooManyRequests: [code.RESOURCE_EXHAUSTED, 'too many requests'],
  noLeader: [code.UNAVAILABLE, 'no leader'],
  notLeader: [code.FAILED_PRECONDITION, 'not leader'],
  leaderChanged: [code.UNAVAILABLE, 'leader changed'],
  stopped: [code.UNAVAILABLE, 'server stopped'],
  timeout: [code.UNAVAILABLE, 'request timed out'],
  timeoutLeaderFail: [
    code.UNAVAILABLE,
    'request timed out, possibly due to previous leader failure',
  ],
  timeoutConnectionLost: [code.UNAVAILABLE, 'request timed out, possibly due to connection lost'],
  unhealthy: [code.UNAVAILABLE, 'unhealthy cluster'],
  corrupt: [code.DATA_LOSS, 'corrupt cluster'],
  learnerNotSupported: [code.FAILED_PRECONDITION, 'rpc not supported for learner'],
  badTransferee: [code.FAILED_PRECONDITION, 'bad leader transferee'],
  wrongDowngradeVersion: [code.INVALID_ARGUMENT, 'wrong downgrade target version format'],
  invalidDowngradeVersion: [code.INVALID_ARGUMENT, 'invalid downgrade target version'],
  noInflightDowngrade: [code.FAILED_PRECONDITION, 'no inflight downgrade job'],
  clusterIdMismatch: [code.FAILED_PRECONDITION, 'cluster ID mismatch'],
  rootUserMissing: [code.FAILED_PRECONDITION, 'root user does not exist'],
  rootRoleMissing: [code.FAILED_PRECONDITION, 'root user does not have root role'],
  userExists: [code.FAILED_PRECONDITION, 'user name already exists'],
  userEmpty: [code.INVALID_ARGUMENT, 'user name is empty'],
  userNotFound: [code.FAILED_PRECONDITION, 'user name not found'],
  roleExists: [code.FAILED_PRECONDITION, 'role name already exists'],
  roleNotFound: [code.FAILED_PRECONDITION, 'role name not found'],
  roleEmpty: [code.INVALID_ARGUMENT, 'role name is empty'],
  authFailed: [code.INVALID_ARGUMENT, 'authentication failed, invalid user ID or password'],
  permissionNotGiven: [code.INVALID_ARGUMENT, 'permission not given'],
  permissionDenied: [code.PERMISSION_DENIED, 'permission denied'],
  roleNotGranted: [code.FAILED_PRECONDITION, 'role is not granted to the user'],
  permissionNotGranted: [code.FAILED_PRECONDITION, 'permission is not granted to the role'],
  authNotEnabled: [code.FAILED_PRECONDITION, 'authentication is not enabled'],
  invalidAuthToken: [code.UNAUTHENTICATED, 'invalid auth token'],
  invalidAuthManagement: [code.INVALID_ARGUMENT, 'invalid auth management'],
  authOldRevision: [code.INVALID_ARGUMENT, 'revision of auth store is old'],
} as const satisfies Record<string, readonly [number, string]>

export type EtcdErrorName = keyof typeof table

export function etcdError(name: EtcdErrorName): GrpcError {
  const [status, text] = table[name]
  return new GrpcError(status, `etcdserver: ${text}`)
}
