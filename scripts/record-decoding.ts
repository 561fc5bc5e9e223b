// Writes what a real API server answers to the bodies of packages/api/recordings/decoding.json back into that file:
//   KUBECONFIG=... node scripts/run.mjs record-decoding
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openOracle } from './oracle.ts'

interface Case {
  readonly resource: string
  readonly mediaType?: string
  readonly body: string
  strict?: string
  warn?: string
}

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const file = join(root, 'packages/api/recordings/decoding.json')
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[]
const ask = openOracle()
for (const recorded of cases) {
  recorded.strict = await answer(recorded, 'Strict')
  recorded.warn = await answer(recorded, 'Warn')
}
writeFileSync(file, `${JSON.stringify(cases, undefined, 1)}\n`)
console.log(`${cases.length} cases recorded`)

/** The message of a refusal, or `ok` and the warnings of decoding. */
async function answer({ resource, mediaType, body }: Case, mode: string): Promise<string> {
  const [group = '', name = ''] = resource.includes('/') ? resource.split('/') : ['', resource]
  const base = group === '' ? '/api/v1' : `/apis/${group}/v1`
  const path = `${base}/namespaces/default/${name}?dryRun=All&fieldValidation=${mode}`
  const { code, body: text, warnings } = await ask('POST', path, body, mediaType)
  if (code === 400) return (JSON.parse(text) as { message: string }).message
  return ['ok', ...warnings.filter((w) => /^(unknown|duplicate) field|^line \d/.test(w))].join('\n')
}
