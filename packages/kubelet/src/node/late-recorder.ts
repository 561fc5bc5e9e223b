import type { KubeObject, ObjectReference } from '@kemu/api'
import type { Logger } from '@kemu/base'
import type { EventRecorder, EventType } from '@kemu/client'

type Recorded = Parameters<EventRecorder['record']>

/** Events of the time before there is an API; the oldest beyond these are only logged. */
const keptMax = 200

/** A recorder that keeps events until there is somebody to tell them to. */
export class LateRecorder implements EventRecorder {
  readonly #logger: Logger
  #kept: Recorded[] = []
  #next: EventRecorder | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  connect(next: EventRecorder): void {
    this.#next = next
    for (const event of this.#kept.splice(0)) next.record(...event)
  }

  record(
    object: KubeObject | ObjectReference,
    type: EventType,
    reason: string,
    message: string,
  ): void {
    const name = 'metadata' in object ? object.metadata.name : object.name
    this.#logger.info('Event', { object: name, type, reason, message })
    if (this.#next) this.#next.record(object, type, reason, message)
    else {
      this.#kept.push([object, type, reason, message])
      if (this.#kept.length > keptMax) this.#kept.shift()
    }
  }
}
