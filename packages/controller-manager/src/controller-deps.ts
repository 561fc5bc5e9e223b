import type { Clock, Logger, MetricsRegistry, Random } from '@kemu/base'
import type { Client, EventRecorder, Informers } from '@kemu/client'

/** What every controller is given. */
export interface ControllerDeps {
  /** Writes, under the controller's own identity. */
  readonly client: Client
  /** Reads, shared by all controllers. */
  readonly informers: Informers
  readonly recorder: EventRecorder
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  /** Keys that the controller may work on at once (--concurrent-*-syncs); undefined: its own measure. */
  readonly workers?: number
}

/** The part of a queue's configuration that the deps decide. */
export function workersOf({ workers }: ControllerDeps): { readonly workers?: number } {
  return workers === undefined ? {} : { workers }
}
