// Writes what a real API server says to the selectors of packages/api/recordings/selectors.json back into that file: `ok` or
// the message of its refusal.
//   KUBECONFIG=... node scripts/run.mjs record-selectors
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openOracle } from './oracle.ts'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const file = join(root, 'packages/api/recordings/selectors.json')
const recording = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>
const ask = openOracle()
for (const parameter of ['labelSelector', 'fieldSelector']) {
  for (const text of Object.keys(recording[parameter]!)) {
    const path = `/api/v1/pods?limit=1&${parameter}=${encodeURIComponent(text)}`
    const { code, body } = await ask('GET', path)
    const answer = code === 200 ? 'ok' : (JSON.parse(body) as { message: string }).message
    recording[parameter]![text] = answer
  }
}
writeFileSync(file, `${JSON.stringify(recording, undefined, 1)}\n`)
