// Writes what a real API server answers to the patches of packages/api/recordings/patching.json back into that file, with the
// object that they were applied to. All patches are dry runs.
//   KUBECONFIG=... node scripts/run.mjs record-patching
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openOracle } from './oracle.ts'

interface Recording {
  readonly create: object
  current: object
  readonly cases: { type: 'json' | 'merge' | 'strategic-merge'; body: string; answer?: unknown }[]
}

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const file = join(root, 'packages/api/recordings/patching.json')
const recording = JSON.parse(readFileSync(file, 'utf8')) as Recording
const ask = openOracle()
const collection = '/apis/apps/v1/namespaces/default/deployments'
const path = `${collection}/patched`
await ask('POST', collection, JSON.stringify(recording.create))
recording.current = await settled()
for (const recorded of recording.cases) {
  const query = 'dryRun=All&fieldValidation=Strict'
  const type = `application/${recorded.type}-patch+json`
  const { code, body } = await ask('PATCH', `${path}?${query}`, recorded.body, type)
  const answer = JSON.parse(body) as { message: string; metadata: object; spec: object }
  recorded.answer =
    code === 200
      ? { metadata: dropManaged(answer.metadata), spec: answer.spec }
      : {
          code,
          message: answer.message.replace(/Invalid value: "\{.*\}": /, 'Invalid value: OBJECT: '),
        }
}
await ask('PATCH', path, '{"metadata":{"finalizers":null}}', 'application/merge-patch+json')
await ask('DELETE', path)
writeFileSync(file, `${JSON.stringify(recording, undefined, 1)}\n`)
console.log(`${recording.cases.length} patches recorded`)

/** The object once its controller has seen it. */
async function settled(): Promise<object> {
  for (;;) {
    const { body } = await ask('GET', path)
    const object = JSON.parse(body) as {
      metadata: object
      status: { observedGeneration?: number; conditions?: unknown[] }
    }
    if (
      object.status.observedGeneration !== undefined &&
      (object.status.conditions?.length ?? 0) > 1
    )
      return { ...object, metadata: dropManaged(object.metadata) }
    await sleep(200)
  }
}

function dropManaged(metadata: object): object {
  return { ...metadata, managedFields: undefined }
}
