import t from 'tap'
import type { LogLine, LogSource } from '../log-line.ts'
import type { LogBatch, LogReader, LogStore } from '../log-store.ts'

type Store = LogStore & LogReader

/** The test that a store is opened for, and closed after. */
export interface Owner {
  teardown(close: () => void | Promise<void>): void
}

const web = { kind: 'pod', namespace: 'default', pod: 'web' } as const

function line(text: string, more: Partial<LogLine> = {}): LogLine {
  const time = '2026-11-21T22:00:00.000000001Z'
  const from = { time, host: 'h', container: 'app', stream: 'stdout' } as const
  return { ...from, partial: false, resent: false, text: Buffer.from(text), ...more }
}

function batch(from: number, to: number, lines: LogLine[], more: Partial<LogBatch> = {}): LogBatch {
  return { host: 'h', file: 'f', source: web, from, to, lines, ...more }
}

async function texts(store: Store): Promise<string[]> {
  return (await store.lines(web, '-', 100)).map((entry) => entry.line.text.toString())
}

/** What every LogStore has to do. `open` gives an empty one. */
export function logStoreContract(name: string, open: (t: Owner) => Promise<Store>): void {
  void t.test(`${name} keeps lines and position together`, async (t) => {
    const store = await open(t)
    t.same(await store.append(batch(0, 10, [line('a'), line('b')])), { kind: 'appended' })
    t.same(await texts(store), ['a', 'b'])
    t.same([...(await store.positions('h'))], [['f', 10]])
  })

  void t.test(`${name} writes nothing when it is elsewhere in the file`, async (t) => {
    const store = await open(t)
    await store.append(batch(0, 10, [line('a')]))
    t.same(await store.append(batch(0, 10, [line('a')])), { kind: 'elsewhere', position: 10 })
    t.same(await store.append(batch(20, 30, [line('c')])), { kind: 'elsewhere', position: 10 })
    t.same(await store.append(batch(5, 7, [line('x')], { file: 'new' })), {
      kind: 'elsewhere',
      position: 0,
    })
    t.same(await texts(store), ['a'])
  })

  void t.test(`${name} gives bytes and marks back as they came`, async (t) => {
    const store = await open(t)
    const odd = line('', { text: Buffer.from([0, 0xff, 0x0a]), partial: true, resent: true })
    await store.append(batch(0, 3, [odd]))
    const [entry] = await store.lines(web, '-', 1)
    t.same(entry!.line, odd)
  })

  void t.test(`${name} goes back in a file without lines`, async (t) => {
    const store = await open(t)
    await store.append(batch(0, 10, [line('a')]))
    t.same(await store.append(batch(10, 4, [])), { kind: 'appended' })
    t.same([...(await store.positions('h'))], [['f', 4]])
    t.same(await texts(store), ['a'])
  })

  void t.test(`${name} forgets files, host by host`, async (t) => {
    const store = await open(t)
    await store.append(batch(0, 10, [line('a')]))
    await store.append(batch(0, 10, [line('b')], { host: 'other' }))
    await store.forget('h', ['f', 'unknown'])
    t.same([...(await store.positions('h'))], [])
    t.same([...(await store.positions('other'))], [['f', 10]])
  })

  void t.test(`${name} lists its sources and pages through one`, async (t) => {
    const store = await open(t)
    const kubelet: LogSource = { kind: 'component', host: 'h', component: 'kubelet' }
    await store.append(batch(0, 10, [line('a'), line('b'), line('c')]))
    await store.append(batch(0, 10, [line('k')], { file: 'k', source: kubelet }))
    t.same(new Set(await store.sources()), new Set([web, kubelet]))
    const [first, second] = await store.lines(web, '-', 2)
    t.equal(second!.line.text.toString(), 'b')
    const rest = await store.lines(web, `(${first!.id}`, 10)
    t.same(
      rest.map((entry) => entry.line.text.toString()),
      ['b', 'c'],
    )
    t.same(await store.lines({ ...web, pod: 'nobody' }, '-', 5), [])
  })
}
