import fc from 'fast-check'
import t from 'tap'
import { TerminalSizeReader } from './session.ts'
import {
  commandExited,
  commandFailed,
  commandSucceeded,
  formatStatus,
  translated,
} from './status.ts'

void t.test('sizes are read whatever the pieces they come in', (t) => {
  const size = fc.record({ columns: fc.nat(500), rows: fc.nat(500) })
  fc.assert(
    fc.property(fc.array(size), fc.integer({ min: 1, max: 40 }), (sizes, pieceLength) => {
      const text = sizes
        .map(({ columns, rows }) => `${JSON.stringify({ Width: columns, Height: rows })}\n`)
        .join('')
      const reader = new TerminalSizeReader()
      const read = []
      for (let at = 0; at < text.length; at += pieceLength)
        read.push(...reader.push(text.slice(at, at + pieceLength)))
      t.same(read, sizes)
    }),
  )
  t.end()
})

void t.test('how a command ended, in the words of kubectl’s protocol', (t) => {
  t.same(commandExited(0), commandSucceeded)
  t.match(JSON.parse(formatStatus(commandExited(7), true)), {
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '7' }] },
  })
  t.equal(formatStatus(commandSucceeded, false), '')
  t.equal(formatStatus(commandFailed('no'), false), 'Internal error occurred: no')
  t.equal(
    translated(commandFailed('no')).message,
    `Internal error occurred: ${commandFailed('no').message}`,
  )
  t.same(translated(commandExited(7)), commandExited(7))
  t.end()
})
