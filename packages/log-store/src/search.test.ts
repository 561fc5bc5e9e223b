import t from 'tap'
import type { LogLine, LogSource } from './log-line.ts'
import { searchLogs } from './search.ts'
import type { LogQuery } from './search.ts'
import { MemoryLogStore } from './testing/memory-log-store.ts'

const web: LogSource = { kind: 'pod', namespace: 'default', pod: 'web' }
const dns: LogSource = { kind: 'pod', namespace: 'kube-system', pod: 'coredns' }
const kubelet: LogSource = { kind: 'component', host: 'worker1', component: 'kubelet' }

function line(second: number, text: string, more: Partial<LogLine> = {}): LogLine {
  const time = `2026-11-21T22:00:${String(second).padStart(2, '0')}.000000000Z`
  const from = { time, host: 'worker1', container: 'app', stream: 'stdout' } as const
  return { ...from, partial: false, resent: false, text: Buffer.from(text), ...more }
}

async function filled(): Promise<MemoryLogStore> {
  const store = new MemoryLogStore()
  const add = (source: LogSource, file: string, lines: LogLine[]): Promise<unknown> =>
    store.append({ host: 'worker1', file, source, from: 0, to: 1, lines })
  await add(web, 'a', [
    line(1, 'one'),
    line(4, 'four needle'),
    line(6, 'six', { container: 'log' }),
  ])
  await add(dns, 'b', [line(2, 'two needle'), line(5, 'five', { host: 'master' })])
  await add(kubelet, 'c', [line(3, 'three', { container: 'kubelet', stream: 'file' })])
  return store
}

async function found(store: MemoryLogStore, query: LogQuery): Promise<string[]> {
  const texts: string[] = []
  for await (const { line } of searchLogs(store, query)) texts.push(line.text.toString())
  return texts
}

const cases: readonly { name: string; query: LogQuery; lines: readonly string[] }[] = [
  {
    name: 'all lines of all sources come by time',
    query: {},
    lines: ['one', 'two needle', 'three', 'four needle', 'five', 'six'],
  },
  { name: 'a text', query: { text: 'needle' }, lines: ['two needle', 'four needle'] },
  { name: 'a pod', query: { pod: 'web' }, lines: ['one', 'four needle', 'six'] },
  { name: 'a namespace', query: { namespace: 'kube-system' }, lines: ['two needle', 'five'] },
  { name: 'a container', query: { container: 'log' }, lines: ['six'] },
  {
    name: 'a component is asked for like a container',
    query: { container: 'kubelet' },
    lines: ['three'],
  },
  { name: 'a host', query: { host: 'master' }, lines: ['five'] },
  {
    name: 'a time, to the line that was written then',
    query: { sinceMs: Date.parse('2026-11-21T22:00:05Z') },
    lines: ['five', 'six'],
  },
  {
    name: 'several at once',
    query: { pod: 'web', text: 'needle', container: 'app' },
    lines: ['four needle'],
  },
  { name: 'a pod that never was', query: { pod: 'nobody' }, lines: [] },
]

for (const { name, query, lines } of cases) {
  void t.test(`finds by: ${name}`, async (t) => {
    t.same(await found(await filled(), query), lines)
  })
}

void t.test('reads streams that are longer than a page', async (t) => {
  const store = new MemoryLogStore()
  const lines = Array.from({ length: 1700 }, (_, i) => line(Math.floor(i / 30), `n ${i}`))
  await store.append({ host: 'h', file: 'f', source: web, from: 0, to: 1, lines })
  t.equal((await found(store, {})).length, 1700)
  t.same(await found(store, { text: 'n 1699' }), ['n 1699'])
})

void t.test('finds a text that the runtime cut in two, with another stream between', async (t) => {
  const store = new MemoryLogStore()
  const parts = [
    line(1, 'nee', { partial: true }),
    line(1, 'other', { stream: 'stderr' }),
    line(2, 'dle', { partial: true }),
    line(3, ' and hay'),
    line(4, 'unfinished', { partial: true }),
  ]
  await store.append({ host: 'h', file: 'f', source: web, from: 0, to: 1, lines: parts })
  t.same(await found(store, { text: 'needle' }), ['needle and hay'])
  t.same(await found(store, { text: 'unfin' }), ['unfinished'])
})
