import t from 'tap'
import { readLines } from './read-lines.ts'

const now = '2026-11-21T23:00:00.000Z'
const stamp = '2026-11-21T22:00:00.000000001Z'

function plain(text: string, form: 'cri' | 'plain'): unknown[] {
  return readLines(Buffer.from(text), form, now).map((line) => ({
    ...line,
    text: line.text.toString(),
  }))
}

void t.test('takes CRI lines apart, and leaves the torn one for later', (t) => {
  t.same(plain(`${stamp} stdout F a b\n${stamp} stderr P \n${stamp} stdo`, 'cri'), [
    { time: stamp, stream: 'stdout', partial: false, text: 'a b', end: 44 },
    { time: stamp, stream: 'stderr', partial: true, text: '', end: 85 },
  ])
  t.end()
})

void t.test('keeps a line of another form as it is', (t) => {
  t.same(plain('panic: oh\n', 'cri'), [
    { time: now, stream: 'file', partial: false, text: 'panic: oh', end: 10 },
  ])
  t.end()
})

void t.test('finds the time in a component’s JSON', (t) => {
  const text = '{"level":"info","time":"2026-11-21T22:31:54.803Z","msg":"x"}'
  t.same(plain(`${text}\n`, 'plain'), [
    {
      time: '2026-11-21T22:31:54.803Z',
      stream: 'file',
      partial: false,
      text,
      end: text.length + 1,
    },
  ])
  t.end()
})

void t.test('cuts plain text that has no newline, so that it cannot stop the file', (t) => {
  const lines = readLines(Buffer.from(`${'x'.repeat(40_000)}\n`), 'plain', now)
  t.same(
    lines.map(({ partial, text, end }) => [partial, text.length, end]),
    [
      [true, 16_384, 16_384],
      [true, 16_384, 32_768],
      [false, 7232, 40_001],
    ],
  )
  t.end()
})
