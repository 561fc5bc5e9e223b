// Runs one of the measurements in bench/: `npm run bench -- NAME ARGS...`; without a name it lists them.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const [name = '', ...args] = process.argv.slice(2)
const source = join(root, 'bench', `${name}.ts`)
if (name === '' || !existsSync(source)) {
  const names = readdirSync(join(root, 'bench'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace(/\.ts$/, ''))
  console.log(`usage: npm run bench -- NAME [ARGS]\nnames: ${names.join(', ')}`)
  process.exit(name === '' ? 0 : 2)
}
const outfile = join(root, 'node_modules/.cache', `bench-${name}.mjs`)
buildSync({
  entryPoints: [source],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'error',
})
const run = spawnSync(process.execPath, [outfile, ...args], {
  stdio: 'inherit',
  env: { ...process.env, KEMU_ROOT: root },
})
process.exit(run.status ?? 1)
