import {
  AlarmRequestAlarmAction,
  AlarmType,
  DowngradeRequestDowngradeAction,
  MaintenanceService,
} from '@kemu/rpc/etcd-codec'
import type { AlarmResponse, DowngradeRequest } from '@kemu/rpc/etcd-codec'
import type { Clock } from '@kemu/base'
import { sleep } from '@kemu/base'
import type { Init } from '@kemu/rpc/protobuf'
import { nodeIdOf } from '../cluster/member-id.ts'
import { etcdError } from '../errors.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { ServerCall } from '../grpc/call.ts'
import type { GrpcServer } from '../grpc/server.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { Member } from '../member/member.ts'
import { hashOf } from '../mvcc/hash.ts'
import { clusterVersion, serverVersion, storageVersion } from '../version.ts'
import { SnapshotStream } from './snapshot-stream.ts'

export interface MaintenanceDeps {
  readonly member: Member
  readonly clock: Clock
  readonly authenticator: Authenticator
  readonly config: MaintenanceConfig
}

export interface MaintenanceConfig {
  readonly quotaBytes: number
  readonly requestTimeoutMs: number
  readonly tickMs: number
}

/** The Maintenance service. */
export function addMaintenance(server: GrpcServer, deps: MaintenanceDeps): void {
  const { member, authenticator } = deps
  const admin = (call: ServerCall): void => {
    if (member.state.auth.isEnabled) member.state.auth.checkAdmin(authenticator.identify(call))
  }
  server
    .async(MaintenanceService.Status, (_request, call) => {
      admin(call)
      return status(deps)
    })
    .async(MaintenanceService.Alarm, async (alarm) => {
      if (alarm.action === AlarmRequestAlarmAction.GET) {
        return { header: member.header(), ...member.state.alarms.apply(alarm) }
      }
      const response = (await member.submitted({ alarm })) as Init<AlarmResponse>
      return { ...response, header: member.header() }
    })
    // The state is in memory, without holes: there is nothing to put together.
    .async(MaintenanceService.Defragment, (_request, call) => {
      admin(call)
      // etcd gives no header here.
      return {}
    })
    .async(MaintenanceService.Hash, (_request, call) => {
      admin(call)
      const { hash } = hashOf(member.state.store, 0)
      return { header: member.header(), hash }
    })
    .async(MaintenanceService.HashKV, ({ revision }, call) => {
      admin(call)
      return { header: member.header(), ...hashOf(member.state.store, revision) }
    })
    .stream(MaintenanceService.Snapshot, (call) => new SnapshotStream(call, member, admin))
    .async(MaintenanceService.MoveLeader, async ({ targetID }, call) => {
      admin(call)
      await moveLeader(deps, targetID)
      return { header: member.header() }
    })
    .async(MaintenanceService.Downgrade, (request, call) => {
      admin(call)
      return { header: member.header(), version: downgrade(request) }
    })
}

function status({ member, config }: MaintenanceDeps) {
  const { bytes, alarms } = member.state
  const { committed, applied, term } = member.host.status()
  const errors = member.hasLeader ? [] : ['etcdserver: no leader']
  for (const { memberID, alarm } of alarms.all()) {
    const kind = alarm === AlarmType.NOSPACE ? 'NOSPACE' : 'CORRUPT'
    errors.push(memberID === 0n ? `alarm:${kind} ` : `memberID:${memberID} alarm:${kind} `)
  }
  return {
    header: member.header(),
    version: serverVersion,
    dbSize: bytes,
    dbSizeInUse: bytes,
    leader: member.leaderId,
    raftIndex: committed,
    raftTerm: term,
    raftAppliedIndex: applied,
    errors,
    isLearner: member.isLearner,
    storageVersion,
    dbSizeQuota: config.quotaBytes,
    downgradeInfo: { enabled: false },
  }
}

/** Returns when the other leads, or throws when that does not come true in time. */
async function moveLeader(
  { member, clock, config }: MaintenanceDeps,
  targetId: bigint,
): Promise<void> {
  if (member.id !== member.leaderId) throw etcdError('notLeader')
  const target = member.state.membership.get(targetId)
  if (!target || target.isLearner) throw etcdError('badTransferee')
  member.host.transferLeader(nodeIdOf(targetId))
  const deadline = clock.monotonicMs() + config.requestTimeoutMs
  while (member.leaderId !== targetId) {
    if (clock.monotonicMs() >= deadline) throw etcdError('timeout')
    await sleep(clock, config.tickMs)
  }
}

/** Answers whether a downgrade would be allowed; there is no older kemu to go back to. */
function downgrade({ action, version }: DowngradeRequest): string {
  const [major = 0, minor = 0] = clusterVersion.split('.').map(Number)
  const current = `${major}.${minor}`
  // Nothing is under way; etcd is content with that.
  if (action === DowngradeRequestDowngradeAction.CANCEL) return current
  const target = /^(\d+)\.(\d+)(\.\d+)?$/.exec(version)
  if (!target) throw etcdError('wrongDowngradeVersion')
  if (Number(target[1]) !== major || Number(target[2]) !== minor - 1) {
    throw etcdError('invalidDowngradeVersion')
  }
  if (action === DowngradeRequestDowngradeAction.ENABLE) {
    throw new GrpcError(code.UNIMPLEMENTED, 'downgrade is not emulated by kemu')
  }
  return current
}
