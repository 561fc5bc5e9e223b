import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Probe } from '@kemu/api'
import { seededRandom, systemClock } from '@kemu/base'
import { findContainer } from '../cri/observed-pod.ts'
import { aPod, observed } from '../testing/builders.ts'
import { FakeCri } from '../testing/fake-cri.ts'
import { SettlingClock } from '../testing/settling-clock.ts'
import { ProbeWorker } from './probe-worker.ts'
import type { ProbeSubject } from './probe-worker.ts'

interface Bench {
  readonly clock: SettlingClock
  readonly events: string[]
  readonly changes: string[]
  readonly worker: ProbeWorker
  readonly run: (more?: Partial<ProbeSubject>) => void
}

function bench(
  kind: 'readiness' | 'liveness' | 'startup',
  probe: Probe,
  answers: () => number,
): Bench {
  const clock = new SettlingClock()
  const cri = new FakeCri(clock)
  cri.exec = () => ({ exitCode: answers(), stdout: 'why' })
  const events: string[] = []
  const changes: string[] = []
  const pod = aPod()
  const [container] = pod.spec.containers
  const worker = new ProbeWorker(
    {
      cri,
      clock,
      random: seededRandom(1),
      reachablePort: (_host, port) => port,
      recorder: { record: (_object, _type, reason, text) => events.push(`${reason}: ${text}`) },
      changed: (_pod, _kind, verdict) => changes.push(verdict),
    },
    pod,
    container!,
    kind,
    probe,
  )
  const run = (more: Partial<ProbeSubject> = {}): void => {
    const running = { ...findContainer(observed([{}]), 'main')!, startedAtMs: clock.now() }
    const subject = { running, podIp: '127.0.0.1', started: true, takenOver: false, ...more }
    worker.update(pod, container!, subject)
  }
  return { clock, events, changes, worker, run }
}

const exec = (more: Partial<Probe> = {}): Probe => ({
  exec: { command: ['check'] },
  periodSeconds: 10,
  timeoutSeconds: 1,
  ...more,
})

t.test('readiness needs as many successes and failures in a row as it says', async (t) => {
  let code = 1
  const { clock, changes, worker, run } = bench(
    'readiness',
    exec({ successThreshold: 2, failureThreshold: 3 }),
    () => code,
  )
  run()
  t.equal(worker.verdictOf('c-main'), 'failure', 'not ready before it said so')
  code = 0
  await clock.advance(0)
  t.same(changes, [])
  await clock.advance(10_000)
  t.same(changes, ['success'])
  code = 1
  await clock.advance(20_000)
  t.same(changes, ['success'])
  await clock.advance(10_000)
  t.same(changes, ['success', 'failure'])
  worker.stop()
})

t.test('a failed liveness probe rests until there is another container', async (t) => {
  let asked = 0
  const { clock, changes, worker, run } = bench('liveness', exec({ failureThreshold: 1 }), () => {
    asked += 1
    return 1
  })
  run()
  await clock.advance(60_000)
  t.equal(asked, 1)
  t.same(changes, ['failure'])
  const running = {
    ...findContainer(observed([{ id: 'c-next' }]), 'main')!,
    startedAtMs: clock.now(),
  }
  run({ running })
  await clock.advance(0)
  t.equal(asked, 2)
  worker.stop()
})

t.test('the initial delay counts from the start of the container', async (t) => {
  let asked = 0
  const { clock, worker, run } = bench('liveness', exec({ initialDelaySeconds: 5 }), () => {
    asked += 1
    return 0
  })
  run()
  await clock.advance(4_999)
  t.equal(asked, 0)
  await clock.advance(1)
  t.equal(asked, 1)
  worker.stop()
})

t.test('liveness waits for startup, and startup ends when it succeeded', async (t) => {
  let asked = 0
  const count = (): number => {
    asked += 1
    return 0
  }
  const liveness = bench('liveness', exec(), count)
  liveness.run({ started: false })
  await liveness.clock.advance(30_000)
  t.equal(asked, 0)
  const startup = bench('startup', exec(), count)
  startup.run({ started: false })
  await startup.clock.advance(0)
  t.equal(asked, 1)
  t.equal(startup.worker.verdictOf('c-main'), 'success')
  startup.run({ started: true })
  await startup.clock.advance(60_000)
  t.equal(asked, 1)
  liveness.worker.stop()
  startup.worker.stop()
})

t.test('a probe that cannot be made says nothing about the container', async (t) => {
  const { clock, events, changes, worker, run } = bench(
    'liveness',
    exec({ exec: undefined }),
    () => 0,
  )
  run()
  await clock.advance(0)
  t.same(changes, [])
  t.match(events, [
    /^Unhealthy: Liveness probe errored and resulted in unknown state: missing probe/,
  ])
  worker.stop()
})

t.test(
  'a server that opens soon is ready soon, and its first failures are one event',
  async (t) => {
    const server = createServer((_request, response) => response.end('ok'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    const events: string[] = []
    const cri = new FakeCri(systemClock)
    const pod = aPod()
    const [container] = pod.spec.containers
    let worker: ProbeWorker
    const ready = new Promise<void>((resolve) => {
      worker = new ProbeWorker(
        {
          cri,
          clock: systemClock,
          random: seededRandom(1),
          reachablePort: (_host, real) => real,
          recorder: { record: (_object, _type, reason) => events.push(reason) },
          changed: () => resolve(),
        },
        pod,
        container!,
        'readiness',
        { httpGet: { port }, periodSeconds: 600, timeoutSeconds: 5 },
      )
      const running = { ...findContainer(observed([{}]), 'main')!, startedAtMs: systemClock.now() }
      worker.update(pod, container!, {
        running,
        podIp: '127.0.0.1',
        started: true,
        takenOver: false,
      })
    })
    while (events.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    await ready
    t.same(events, ['Unhealthy'])
    worker!.stop()
    server.closeAllConnections()
    server.close()
  },
)
