import type { QueueOrder, QueueSortPlugin } from '../framework/interface.ts'

/** Higher priority first, then first come first served. */
export class PrioritySort implements QueueSortPlugin {
  readonly name = 'PrioritySort'

  compare(a: QueueOrder, b: QueueOrder): number {
    return b.priority - a.priority || a.queuedAtMs - b.queuedAtMs
  }
}
