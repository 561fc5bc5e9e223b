import type { PodInfo } from '../cache/pod-info.ts'
import type { PreEnqueuePlugin } from '../framework/interface.ts'
import { unresolvable } from '../framework/status.ts'
import type { Rejection } from '../framework/status.ts'

/** Keeps a pod with spec.schedulingGates out of the queue until the last gate is removed (KEP-3521). */
export class SchedulingGates implements PreEnqueuePlugin {
  readonly name = 'SchedulingGates'

  preEnqueue({ pod }: PodInfo): Rejection | undefined {
    const gates = (pod.spec.schedulingGates ?? []).map((gate) => gate.name)
    if (gates.length === 0) return undefined
    return unresolvable(this.name, `waiting for scheduling gates: [${gates.join(' ')}]`)
  }
}
