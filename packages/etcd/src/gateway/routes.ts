/** Paths of the JSON gateway and the gRPC method behind each; etcd's proto files have them as `google.api.http`. */
export const routes: ReadonlyMap<string, string> = new Map([
  ...routesOf('etcdserverpb.KV', {
    'kv/range': 'Range',
    'kv/put': 'Put',
    'kv/deleterange': 'DeleteRange',
    'kv/txn': 'Txn',
    'kv/compaction': 'Compact',
  }),
  ...routesOf('etcdserverpb.Watch', { watch: 'Watch' }),
  ...routesOf('etcdserverpb.Lease', {
    'lease/grant': 'LeaseGrant',
    'lease/revoke': 'LeaseRevoke',
    'kv/lease/revoke': 'LeaseRevoke',
    'lease/keepalive': 'LeaseKeepAlive',
    'lease/timetolive': 'LeaseTimeToLive',
    'kv/lease/timetolive': 'LeaseTimeToLive',
    'lease/leases': 'LeaseLeases',
    'kv/lease/leases': 'LeaseLeases',
  }),
  ...routesOf('etcdserverpb.Cluster', {
    'cluster/member/add': 'MemberAdd',
    'cluster/member/remove': 'MemberRemove',
    'cluster/member/update': 'MemberUpdate',
    'cluster/member/list': 'MemberList',
    'cluster/member/promote': 'MemberPromote',
  }),
  ...routesOf('etcdserverpb.Maintenance', {
    'maintenance/alarm': 'Alarm',
    'maintenance/status': 'Status',
    'maintenance/defragment': 'Defragment',
    'maintenance/hash': 'Hash',
    'maintenance/hashkv': 'HashKV',
    'maintenance/snapshot': 'Snapshot',
    'maintenance/transfer-leadership': 'MoveLeader',
    'maintenance/downgrade': 'Downgrade',
  }),
  ...routesOf('etcdserverpb.Auth', {
    'auth/enable': 'AuthEnable',
    'auth/disable': 'AuthDisable',
    'auth/status': 'AuthStatus',
    'auth/authenticate': 'Authenticate',
    'auth/user/add': 'UserAdd',
    'auth/user/get': 'UserGet',
    'auth/user/list': 'UserList',
    'auth/user/delete': 'UserDelete',
    'auth/user/changepw': 'UserChangePassword',
    'auth/user/grant': 'UserGrantRole',
    'auth/user/revoke': 'UserRevokeRole',
    'auth/role/add': 'RoleAdd',
    'auth/role/get': 'RoleGet',
    'auth/role/list': 'RoleList',
    'auth/role/delete': 'RoleDelete',
    'auth/role/grant': 'RoleGrantPermission',
    'auth/role/revoke': 'RoleRevokePermission',
  }),
  ...routesOf('v3lockpb.Lock', { 'lock/lock': 'Lock', 'lock/unlock': 'Unlock' }),
  ...routesOf('v3electionpb.Election', {
    'election/campaign': 'Campaign',
    'election/proclaim': 'Proclaim',
    'election/leader': 'Leader',
    'election/observe': 'Observe',
    'election/resign': 'Resign',
  }),
])

function routesOf(service: string, methods: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(methods).map(([path, method]) => [`/v3/${path}`, `/${service}/${method}`])
}
