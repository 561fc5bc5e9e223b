// Runs one of the TypeScript scripts in this folder without a build: `node scripts/run.mjs NAME ARGS...`.
// Node 20 cannot strip types, and some of these scripts must run before (and make input for) `tsc -b`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)
const [name, ...args] = process.argv.slice(2)

// Inside node_modules, so that the bundle finds the same packages as the source would.
const cache = join(root, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const work = mkdtempSync(join(cache, 'kemu-script-'))
try {
  const outfile = join(work, `${name}.mjs`)
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  })
  const child = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...args], {
    stdio: 'inherit',
    env: { ...process.env, KEMU_ROOT: root },
  })
  process.exitCode = child.status ?? 1
} finally {
  rmSync(work, { recursive: true, force: true })
}
