// Plays the writes of packages/api/recordings/managed-fields.json on a real API server and writes back into that file, for each of
// them, the object before and the answer.
//   KUBECONFIG=... node scripts/run.mjs record-managed-fields
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openOracle } from './oracle.ts'

interface Step {
  readonly op: 'create' | 'update' | 'status' | 'merge' | 'strategic-merge' | 'apply' | 'force'
  readonly manager: string
  readonly body: Record<string, unknown>
  live?: unknown
  answer?: unknown
}

interface Scenario {
  readonly resource: string
  readonly steps: Step[]
}

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const file = join(root, 'packages/api/recordings/managed-fields.json')
const scenarios = JSON.parse(readFileSync(file, 'utf8')) as Scenario[]
const ask = openOracle()
for (const { resource, steps } of scenarios) {
  const collection = `/api/v1/namespaces/default/${resource}`
  const path = `${collection}/recorded`
  await remove(path)
  for (const step of steps) {
    const before = await ask('GET', path)
    if (before.code === 200) step.live = JSON.parse(before.body)
    step.answer = await send(step, collection, path)
  }
  await remove(path)
}
writeFileSync(file, `${JSON.stringify(scenarios, undefined, 1)}\n`)
console.log(`${scenarios.length} scenarios recorded`)

async function remove(path: string): Promise<void> {
  await ask('PATCH', path, '{"metadata":{"finalizers":null}}', 'application/merge-patch+json')
  await ask('DELETE', path)
}

async function send({ op, manager, body, live }: Step, collection: string, path: string) {
  const query = `?fieldManager=${manager}`
  const text = JSON.stringify(body)
  const answer = await (op === 'create'
    ? ask('POST', collection + query, text)
    : op === 'update' || op === 'status'
      ? ask('PUT', path + (op === 'status' ? '/status' : '') + query, merged(live, body))
      : op === 'apply' || op === 'force'
        ? ask(
            'PATCH',
            path + query + (op === 'force' ? '&force=true' : ''),
            text,
            'application/apply-patch+yaml',
          )
        : ask('PATCH', path + query, text, `application/${op}-patch+json`))
  const object = JSON.parse(answer.body) as { code: number; message: string; details?: unknown }
  if (answer.code < 300) return { object }
  return { code: object.code, message: object.message, details: object.details }
}

/** A whole object to put: what is there, with the fields of the body's spec or status. */
function merged(live: unknown, body: Record<string, unknown>): string {
  const object = structuredClone(live) as Record<string, Record<string, unknown>>
  delete object['metadata']!['managedFields']
  for (const [field, value] of Object.entries(body))
    object[field] = { ...object[field], ...(value as object) }
  return JSON.stringify(object)
}
