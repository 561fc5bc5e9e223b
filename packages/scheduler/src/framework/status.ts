/**
 * Why a plugin says no, and what the queue does next:
 * - `Unschedulable`: not now; evicting lower pods might help; tried again when an event could change it.
 * - `UnschedulableAndUnresolvable`: not now, and evicting pods here would not help.
 */
export type RejectionCode = 'Unschedulable' | 'UnschedulableAndUnresolvable'

/** An expected no. It is a value, never an exception: its reasons end in the user's event. */
export interface Rejection {
  readonly code: RejectionCode
  /** In upstream's words; each is counted over the nodes. */
  readonly reasons: readonly string[]
  /** The plugin that said it: only events that this plugin waits for bring the pod back. */
  readonly plugin: string
}

export function unschedulable(plugin: string, ...reasons: string[]): Rejection {
  return { code: 'Unschedulable', reasons, plugin }
}

export function unresolvable(plugin: string, ...reasons: string[]): Rejection {
  return { code: 'UnschedulableAndUnresolvable', reasons, plugin }
}
