import { deepStrictEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Closers, seededRandom, silentLogger, systemClock } from '@kemu/base'
import type { Clock } from '@kemu/base'
import fc from 'fast-check'
import t from 'tap'
import { startCollector } from './server.ts'
import { ContainerLog } from './testing/container-log.ts'
import { FaultyLogStore } from './testing/faulty-log-store.ts'
import type { Fault } from './testing/faulty-log-store.ts'

type Step =
  | { readonly kind: 'write'; readonly log: number; readonly count: number }
  | { readonly kind: 'tear' | 'rotate' | 'restart'; readonly log: number }
  | { readonly kind: 'fail'; readonly fault: Fault }
  | { readonly kind: 'kill collector' | 'remember' | 'lose newest' | 'lose what was shipped' }
  | { readonly kind: 'let it ship' | 'scan' }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      log: fc.nat(1),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('tear' as const, 'rotate' as const, 'restart' as const),
      log: fc.nat(1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      fault: fc.constantFrom<Fault>('refused', 'answer lost'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'kill collector' as const,
        'remember' as const,
        'lose newest' as const,
        'lose what was shipped' as const,
        'let it ship' as const,
        'scan' as const,
      ),
    }),
  },
)

/** Timers fire at once, but the periodic look, which the steps decide. */
class QuickClock implements Clock {
  scan: () => void = () => {}
  now = (): number => systemClock.now()
  monotonicMs = (): number => systemClock.monotonicMs()
  setTimer(_delayMs: number, fire: () => void): { cancel(): void } {
    return systemClock.setTimer(0, fire)
  }
  setPeriodic(_periodMs: number, fire: () => void): { cancel(): void } {
    this.scan = fire
    return { cancel: () => (this.scan = () => {}) }
  }
}

class World {
  readonly root = mkdtempSync(join(tmpdir(), 'log-collector-'))
  readonly store = new FaultyLogStore()
  readonly logs = [new ContainerLog(this.root, 'one', 'a'), new ContainerLog(this.root, 'two', 'b')]
  readonly clock = new QuickClock()
  #closers = new Closers()

  start(): void {
    this.#closers = new Closers()
    const { clock, store } = this
    const deps = { clock, store, random: seededRandom(1), logger: silentLogger }
    void startCollector({ host: 'h', logDir: this.root }, { ...deps, closers: this.#closers })
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        return this.logs[step.log]!.write(step.count)
      case 'tear':
        return this.logs[step.log]!.tear()
      case 'rotate':
        return this.logs[step.log]!.rotate()
      case 'restart':
        return this.logs[step.log]!.restart()
      case 'fail':
        return void this.store.faults.push(step.fault)
      case 'remember':
        return this.store.remember()
      case 'lose newest':
        return this.store.loseNewest()
      case 'lose what was shipped':
        this.store.remember()
        this.logs[0]!.write(2)
        await this.settle()
        return this.store.loseNewest()
      case 'scan':
        return this.clock.scan()
      case 'let it ship':
        return turns(20)
      case 'kill collector':
        await this.#closers.close()
        this.store.forgetSender()
        return this.start()
    }
  }

  /** The texts of a log that are in the store, in order. */
  shipped({ pod }: ContainerLog): string[] {
    const lines = this.store.memory.all({ kind: 'pod', namespace: 'default', pod })
    return lines.map(({ text }) => text.toString())
  }

  async settle(): Promise<void> {
    const endMs = systemClock.monotonicMs() + 20_000
    while (this.logs.some((log) => this.shipped(log).length < log.written.length)) {
      this.clock.scan()
      await turns(20)
      if (systemClock.monotonicMs() > endMs) return
    }
    await turns(50)
  }

  async close(): Promise<void> {
    await this.#closers.close()
    rmSync(this.root, { recursive: true })
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

void t.test(
  'whatever fails and whenever, every line is shipped once, in order, and with a mark if it was known',
  { timeout: 240_000 },
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 40 }), async (script) => {
        const world = new World()
        try {
          world.start()
          for (const step of script) await world.run(step)
          await world.settle()
          for (const log of world.logs) deepStrictEqual(world.shipped(log), log.written)
          deepStrictEqual(world.store.unmarked, [])
        } finally {
          await world.close()
        }
      }),
      { numRuns: 60 },
    )
    t.pass('60 scripts')
  },
)
