import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { replayScenario } from './testing/scenario.ts'

// To take over new traces after a deliberate change:
//   node packages/raft/dist/scenarios.test.js --rewrite
const folder = fileURLToPath(new URL('../test/scenarios/', import.meta.url))
const isRewriting = process.argv.includes('--rewrite')

for (const file of readdirSync(folder).sort()) {
  t.test(`replays ${file}`, (t) => {
    const text = readFileSync(folder + file, 'utf8')
    const replayed = replayScenario(text)
    if (isRewriting) writeFileSync(folder + file, replayed)
    else t.equal(replayed, text)
    t.end()
  })
}
