// Writes the objects of flow control that a new cluster of the real API server has, for the test that compares ours:
//   KUBECONFIG=... node scripts/run.mjs record-flow-control
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openOracle } from './oracle.ts'

interface Found {
  readonly metadata: { readonly name: string; readonly annotations: unknown }
  readonly spec: unknown
}

const ask = openOracle()
const recorded: Record<string, unknown> = {}
for (const resource of ['flowschemas', 'prioritylevelconfigurations']) {
  const { body } = await ask('GET', `/apis/flowcontrol.apiserver.k8s.io/v1/${resource}`)
  const { items } = JSON.parse(body) as { items: Found[] }
  recorded[resource] = Object.fromEntries(
    items.map(({ metadata: { name, annotations }, spec }) => [name, { annotations, spec }]),
  )
}
const root = process.env['KEMU_ROOT'] ?? process.cwd()
const path = join(root, 'packages/apiserver/recordings/flow-control.json')
writeFileSync(path, `${JSON.stringify(recorded, undefined, 2)}\n`)
console.log(path)
