import { mkdtempSync, readFileSync, rmSync, writeFileSync, appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@kemu/base'
import fc from 'fast-check'
import t from 'tap'
import { formatOutput, longestLineBytes, parseLog } from './cri-log.ts'
import { LogTailer } from './log-tailer.ts'
import { Timestamps } from './timestamps.ts'

const newline = '\n'
const stamp = (): string => '2026-11-21T16:00:00.000000000Z'

/** The output again: full lines with their newline, partial ones without. */
function rebuild(log: Buffer): string {
  return parseLog(log)
    .entries.map(({ full, text }) => text.toString('latin1') + (full ? newline : ''))
    .join('')
}

void t.test('every byte of the output is in the log once, whatever the pieces', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', ' ') }), { maxLength: 30 }),
      (pieces) => {
        const raw = Buffer.from(pieces.join(''))
        const { lines, consumedBytes } = formatOutput(raw, 'stdout', stamp, true)
        t.equal(consumedBytes, raw.length)
        t.equal(rebuild(Buffer.concat(lines)), raw.toString())
      },
    ),
    { numRuns: 200 },
  )
  t.end()
})

void t.test('a long line is cut into partial ones', (t) => {
  const raw = Buffer.from(`${'x'.repeat(longestLineBytes * 2 + 5)}\n`)
  const { lines } = formatOutput(raw, 'stdout', stamp, false)
  t.same(
    parseLog(Buffer.concat(lines)).entries.map(({ full, text }) => [full, text.length]),
    [
      [false, longestLineBytes],
      [false, longestLineBytes],
      [true, 5],
    ],
  )
  t.end()
})

void t.test('a tailer that crashes anywhere loses nothing and writes nothing twice', async (t) => {
  const deps = {
    clock: systemClock,
    timestamps: new Timestamps(systemClock),
    logger: silentLogger,
    release: () => undefined,
  }
  const chunk = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r'), maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ out: chunk, crash: fc.boolean(), torn: fc.nat(12) }), { maxLength: 8 }),
      async (steps) => {
        const dir = mkdtempSync(join(tmpdir(), 'kemu-log-'))
        const log = join(dir, 'container.log')
        writeFileSync(join(dir, 'stdout'), '')
        let tailer = new LogTailer(dir, ['stdout'], log, deps)
        for (const { out, crash, torn } of steps) {
          appendFileSync(join(dir, 'stdout'), out)
          await tailer.drained()
          if (!crash) continue
          tailer.close()
          // What a crash in the middle of a write leaves at the end of the log.
          appendFileSync(log, `${stamp()} stdout F half a line`.slice(0, torn))
          tailer = new LogTailer(dir, ['stdout'], log, deps)
        }
        await tailer.finish()
        const raw = steps.map(({ out }) => out).join('')
        t.equal(rebuild(readFileSync(log)), raw.replaceAll('\r\n', '\n'))
        rmSync(dir, { recursive: true })
      },
    ),
    { numRuns: 60 },
  )
})
