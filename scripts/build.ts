// Everything between a clean checkout and a runnable one: generated code, `tsc -b`, the daemons' bundles.
// `npm ci` runs it (prepare), so that no command of a user ever waits for it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const started = Date.now()

script('gen-proto')
script('gen-codec')
script('gen-descriptors')
if (existsSync(join(root, 'scripts/gen-schema.ts'))) script('gen-schema')
run(process.execPath, [
  join(root, 'node_modules/typescript/bin/tsc'),
  '-b',
  ...process.argv.slice(2),
])
if (existsSync(join(root, 'scripts/bundle.ts'))) script('bundle')
console.log(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`)

function script(name: string): void {
  run(process.execPath, [join(root, 'scripts/run.mjs'), name])
}

function run(command: string, args: string[]): void {
  const result = spawnSync(command, args, { stdio: 'inherit', cwd: root })
  if (result.status !== 0) process.exit(result.status ?? 1)
}
