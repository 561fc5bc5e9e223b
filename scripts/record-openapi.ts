// Writes digests of a real API server's OpenAPI documents to packages/api/recordings/openapi.json.
//   KUBECONFIG=... node scripts/run.mjs record-openapi
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestDocument } from '../packages/api/src/openapi/document-digest.ts'
import type { DocumentDigest } from '../packages/api/src/openapi/document-digest.ts'
import { openOracle } from './oracle.ts'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const ask = openOracle()
const get = async (path: string): Promise<unknown> => {
  return JSON.parse((await ask('GET', path)).body) as unknown
}
const index = (await get('/openapi/v3')) as {
  paths: Record<string, { serverRelativeURL: string }>
}
const v3: Record<string, DocumentDigest> = {}
for (const [path, { serverRelativeURL }] of Object.entries(index.paths))
  v3[path] = digestDocument(await get(serverRelativeURL))
const v2 = digestDocument(await get('/openapi/v2'))
const file = join(root, 'packages/api/recordings/openapi.json')
writeFileSync(file, `${JSON.stringify({ v2, v3 }, undefined, 1)}\n`)
console.log(`${Object.keys(v3).length} documents recorded`)
