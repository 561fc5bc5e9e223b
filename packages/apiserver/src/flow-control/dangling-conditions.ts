import { deepCopy, flowSchemas, formatTime, isNotFound } from '@kemu/api'
import type { FlowSchema } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import type { SystemWriter } from '../bootstrap/system-writer.ts'
import type { FlowController } from './flow-controller.ts'
import type { DanglingChange } from './flow-plan.ts'

export interface DanglingDeps {
  readonly writer: SystemWriter
  readonly flows: FlowController
  readonly clock: Clock
  readonly logger: Logger
}

const retryMs = 1000

/** Writes into the schemas' status whether their priority level exists, whenever it does not say what is. */
export class DanglingConditions {
  readonly #deps: DanglingDeps
  readonly #ending = new AbortController()
  #isBusy = false

  constructor(deps: DanglingDeps) {
    this.#deps = deps
    deps.flows.onChange(() => void this.write())
    void this.write()
  }

  close(): void {
    this.#ending.abort()
  }

  /** Until there is nothing to say; each write brings a change that asks again. */
  async write(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    const { flows, logger, clock } = this.#deps
    const { signal } = this.#ending
    while (flows.changes.length > 0 && !signal.aborted) {
      try {
        await Promise.all(flows.changes.map((change) => this.#say(change)))
      } catch (error) {
        if (!signal.aborted) logger.warn('Failed to say what is dangling', { err: error })
      }
      // The cache is a moment behind.
      if (flows.changes.length > 0) await sleep(clock, retryMs, signal)
    }
    this.#isBusy = false
  }

  async #say({ schema, ...said }: DanglingChange): Promise<void> {
    const { writer, clock } = this.#deps
    const condition = {
      type: 'Dangling',
      ...said,
      lastTransitionTime: formatTime(clock.now()),
    }
    try {
      await writer.updateStatus<FlowSchema>(flowSchemas, { name: schema }, (old) => {
        const others = (old.status.conditions ?? []).filter(({ type }) => type !== 'Dangling')
        return { ...deepCopy(old), status: { conditions: [...others, condition] } }
      })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
