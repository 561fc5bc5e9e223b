import { AlarmRequestAlarmAction, AlarmType } from '@kemu/rpc/etcd-codec'
import type { AlarmMember, AlarmRequest, AlarmResponse } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'

/** Alarms that are raised, by member and kind. They refuse work until somebody disarms them. */
export class Alarms {
  #raised: AlarmMember[] = []

  restore(raised: readonly AlarmMember[]): void {
    this.#raised = [...raised]
  }

  all(): readonly AlarmMember[] {
    return this.#raised
  }

  get isOutOfSpace(): boolean {
    return this.#raised.some(({ alarm }) => alarm === AlarmType.NOSPACE)
  }

  get isCorrupt(): boolean {
    return this.#raised.some(({ alarm }) => alarm === AlarmType.CORRUPT)
  }

  isRaised(memberID: bigint, alarm: number): boolean {
    return this.#raised.some((raised) => raised.memberID === memberID && raised.alarm === alarm)
  }

  apply({ action, memberID, alarm }: AlarmRequest): Init<AlarmResponse> {
    switch (action) {
      case AlarmRequestAlarmAction.GET: {
        const isWanted = (raised: AlarmMember): boolean =>
          alarm === AlarmType.NONE || raised.alarm === alarm
        return { alarms: this.#raised.filter(isWanted) }
      }
      case AlarmRequestAlarmAction.ACTIVATE: {
        if (alarm === AlarmType.NONE) return {}
        if (!this.isRaised(memberID, alarm)) this.#raised.push({ memberID, alarm })
        return { alarms: [{ memberID, alarm }] }
      }
      case AlarmRequestAlarmAction.DEACTIVATE: {
        if (!this.isRaised(memberID, alarm)) return {}
        this.#raised = this.#raised.filter((r) => r.memberID !== memberID || r.alarm !== alarm)
        return { alarms: [{ memberID, alarm }] }
      }
      default:
        return {}
    }
  }
}
