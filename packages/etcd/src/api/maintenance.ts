import { AlarmRequestAlarmAction, AlarmType, MaintenanceService } from '@kemu/rpc/etcd-codec'
import type { AlarmResponse } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { GrpcServer } from '../grpc/server.ts'
import type { Member } from '../member/member.ts'
import { serverVersion } from '../version.ts'

export interface MaintenanceConfig {
  readonly quotaBytes: number
}

/** The Maintenance service. */
export function addMaintenance(
  server: GrpcServer,
  member: Member,
  config: MaintenanceConfig,
): void {
  server
    .async(MaintenanceService.Status, () => {
      const { store, alarms } = member.state
      const status = member.host.status()
      const errors = alarms.all().map(({ memberID, alarm }) => {
        const kind = alarm === AlarmType.NOSPACE ? 'NOSPACE' : 'CORRUPT'
        return `memberID:${memberID} alarm:${kind} `
      })
      if (!member.hasLeader) errors.push('etcdserver: no leader')
      return {
        header: member.header(),
        version: serverVersion,
        dbSize: store.bytes,
        dbSizeInUse: store.bytes,
        leader: member.leaderId,
        raftIndex: status.committed,
        raftTerm: status.term,
        raftAppliedIndex: status.applied,
        errors,
        isLearner: member.isLearner,
        storageVersion: '3.6.0',
        dbSizeQuota: config.quotaBytes,
        downgradeInfo: { enabled: false },
      }
    })
    .async(MaintenanceService.Alarm, async (alarm) => {
      if (alarm.action === AlarmRequestAlarmAction.GET) {
        return { header: member.header(), ...member.state.alarms.apply(alarm) }
      }
      const response = (await member.submitted({ alarm })) as Init<AlarmResponse>
      return { ...response, header: member.header() }
    })
}
