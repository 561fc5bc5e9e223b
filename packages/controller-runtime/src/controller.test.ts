import t from 'tap'
import type { Pod } from '@kemu/api'
import { MetricsRegistry, silentLogger, systemClock } from '@kemu/base'
import type { ChangeHandler } from '@kemu/client'
import { Controller, done, requeueAfter, TerminalError } from './index.ts'
import type { ControllerConfig } from './index.ts'
import { ManualClock } from '@kemu/base/testing'

function start(config: Omit<ControllerConfig, 'name'>) {
  const metrics = new MetricsRegistry()
  const controller = new Controller(
    { name: 'try', ...config },
    { clock: systemClock, logger: silentLogger, metrics },
  )
  return { controller, metrics }
}

/** A count that can be waited for. */
function counter() {
  const state = { count: 0 }
  let wake = (): void => {}
  return {
    bump: () => {
      state.count += 1
      wake()
      return state.count
    },
    reached: async (n: number) => {
      while (state.count < n) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

t.test('reconciles a key again while it throws, and then rests', async (t) => {
  const calls = counter()
  const { controller, metrics } = start({
    reconcile: async () => {
      if (calls.bump() < 3) throw new Error('not yet')
      return done
    },
  })
  controller.enqueue('a')
  await controller.start()
  await calls.reached(3)
  await controller.close()
  t.equal(controller.failuresOf('a'), 0)
  t.match(metrics.expose(), 'workqueue_retries_total{name="try"} 2')
  t.match(metrics.expose(), 'workqueue_adds_total{name="try"} 3', 'a retry comes in as well')
})

t.test('shows the work in progress at each scrape', async (t) => {
  const clock = new ManualClock()
  const metrics = new MetricsRegistry()
  const calls = counter()
  let finish = (): void => {}
  const controller = new Controller(
    {
      name: 'try',
      reconcile: async () => {
        calls.bump()
        await new Promise<void>((resolve) => (finish = resolve))
        return done
      },
    },
    { clock, logger: silentLogger, metrics },
  )
  controller.enqueue('a')
  await controller.start()
  await calls.reached(1)
  clock.advance(5_000)
  t.match(metrics.expose(), 'workqueue_unfinished_work_seconds{name="try"} 5\n')
  t.match(metrics.expose(), 'workqueue_longest_running_processor_seconds{name="try"} 5\n')
  finish()
  await controller.close()
  t.match(metrics.expose(), 'workqueue_longest_running_processor_seconds{name="try"} 0\n')
})

t.test('follows what comes and changes, and what goes where it is told to', async (t) => {
  const pod = (name: string): Pod => ({ metadata: { namespace: 'x', name } }) as Pod
  for (const removals of [false, true]) {
    const keys: string[] = []
    const { controller } = start({
      reconcile: async (key) => {
        keys.push(key)
        return done
      },
    })
    const informer: { handler?: ChangeHandler<Pod> } = {}
    controller.follow<Pod>({ addHandler: (handler) => (informer.handler = handler) }, { removals })
    informer.handler!.add!(pod('new'))
    informer.handler!.update!(pod('old'), pod('changed'))
    informer.handler!.remove?.(pod('gone'))
    await controller.start()
    await controller.close()
    t.same(keys, ['x/new', 'x/changed', ...(removals ? ['x/gone'] : [])])
  }
})

t.test('a terminal error is not retried', async (t) => {
  const calls = counter()
  const { controller } = start({
    reconcile: async (key) => {
      calls.bump()
      if (key === 'bad') throw new TerminalError('cannot ever work')
      return done
    },
    workers: 1,
  })
  controller.enqueue('bad')
  await controller.start()
  await calls.reached(1)
  controller.enqueue('good')
  await calls.reached(2)
  t.equal(controller.failuresOf('bad'), 0)
  await controller.close()
})

t.test('a key that asks for it comes back without an event', async (t) => {
  const calls = counter()
  const { controller } = start({
    reconcile: async () => (calls.bump() === 1 ? requeueAfter(1) : done),
  })
  controller.enqueue('a')
  await controller.start()
  await calls.reached(2)
  await controller.close()
  t.pass('reconciled twice')
})

t.test('never runs one key twice at once, and runs it again when added meanwhile', async (t) => {
  const calls = counter()
  let running = 0
  let most = 0
  let release = (): void => {}
  const { controller } = start({
    reconcile: async () => {
      running += 1
      most = Math.max(most, running)
      const call = calls.bump()
      if (call === 1) await new Promise<void>((resolve) => (release = resolve))
      running -= 1
      return done
    },
  })
  controller.enqueue('a')
  await controller.start()
  await calls.reached(1)
  controller.enqueue('a')
  controller.enqueue('a')
  release()
  await calls.reached(2)
  await controller.close()
  t.equal(most, 1)
})

t.test('waits for its sources before it works', async (t) => {
  let sync = (): void => {}
  const source = { synced: new Promise<void>((resolve) => (sync = resolve)) }
  const seen: string[] = []
  const { controller } = start({
    sources: [source],
    reconcile: async (key) => {
      seen.push(key)
      return done
    },
  })
  controller.enqueue('a')
  const started = controller.start()
  t.same(seen, [])
  sync()
  await started
  await controller.close()
  t.same(seen, ['a'])
})
