import { MetricsRegistry, seededRandom, silentLogger, systemClock } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { Client, Informers } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import type { ControllerDeps } from '../controller-deps.ts'

export interface Told {
  readonly object: string
  readonly type: string
  readonly reason: string
  readonly message: string
}

/** An API server in memory and what a controller under test is given; `close` ends everything. */
export class Bench {
  readonly transport = new MemoryTransport()
  readonly client = new Client(this.transport)
  readonly informers: Informers
  /** Events in the order in which they were told. */
  readonly told: Told[] = []
  readonly deps: ControllerDeps
  readonly #running: { close(): Promise<void> }[] = []

  constructor(clock: Clock = systemClock) {
    const random = seededRandom(1)
    const logger = silentLogger
    this.informers = new Informers(this.client, { clock: systemClock, random, logger })
    this.deps = {
      client: this.client,
      informers: this.informers,
      recorder: {
        record: (object, type, reason, message) => {
          const name = 'metadata' in object ? object.metadata.name : (object.name ?? '')
          this.told.push({ object: name, type, reason, message })
        },
      },
      clock,
      random,
      logger,
      metrics: new MetricsRegistry(),
    }
  }

  async run(controller: { start(): Promise<void>; close(): Promise<void> }): Promise<void> {
    this.#running.push(controller)
    const started = controller.start()
    await this.informers.start()
    await started
  }

  async close(): Promise<void> {
    for (const controller of this.#running) await controller.close()
    await this.informers.close()
    this.client.close()
  }
}
