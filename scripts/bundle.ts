// One CommonJS file for each daemon, command and built-in program, into dist/bundles. A daemon that loads one file starts
// in half the time of one that loads a tree; bin/kemu.cjs keeps V8's code cache beside it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const bundles = join(root, 'packages/cli/dist/bundles')
/** Where they are made: a cluster that runs from this checkout always finds whole files in their place. */
const outDir = `${bundles}.new`

/** Components are called by upstream's names, also where the folder's is shorter. */
const componentNames: Readonly<Record<string, string>> = {
  apiserver: 'kube-apiserver',
  scheduler: 'kube-scheduler',
  'controller-manager': 'kube-controller-manager',
  dns: 'coredns',
}

const entries = [
  { name: 'fabric', file: join(root, 'packages/network/dist/fabric/main.js') },
  ...readdirSync(join(root, 'packages')).map((folder) => ({
    name: componentNames[folder] ?? folder,
    file: join(root, 'packages', folder, 'dist/main.js'),
  })),
  ...listFolders(join(root, 'packages/container-runtime/dist/programs')).map((name) => ({
    name: `program-${name}`,
    file: join(root, 'packages/container-runtime/dist/programs', name, 'main.js'),
  })),
].filter(({ file }) => existsSync(file))

rmSync(outDir, { recursive: true, force: true })
mkdirSync(outDir, { recursive: true })
await build({
  entryPoints: Object.fromEntries(entries.map(({ name, file }) => [name, file])),
  outdir: outDir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: false,
  legalComments: 'none',
  logLevel: 'error',
  // import() of a Node module becomes require: code from the cache has no loader to import with.
  supported: { 'dynamic-import': false },
  external: ['@lydell/node-pty'],
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: "const __bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
})
for (const { name } of entries) {
  const text = readFileSync(join(outDir, `${name}.cjs`))
  // bin/kemu.cjs reads bundles without decoding them.
  if (text.some((byte) => byte > 0x7f)) throw new Error(`${name}.cjs is not plain ASCII`)
}
// What a start would have to compile is compiled now.
const program = join(root, 'packages/cli/bin/kemu.cjs')
await Promise.all(entries.map(({ name }) => compile(name)))
takePlace()
console.log(`bundled ${entries.map((e) => e.name).join(', ') || 'nothing yet'}`)

/** Old caches go first: V8 would take one for the new code if its length is the same. */
function takePlace(): void {
  const built = readdirSync(outDir).toSorted()
  mkdirSync(bundles, { recursive: true })
  for (const name of readdirSync(bundles))
    if (name.endsWith('.cache') || !built.includes(name))
      rmSync(join(bundles, name), { recursive: true })
  for (const name of built) renameSync(join(outDir, name), join(bundles, name))
  rmSync(outDir, { recursive: true })
}

function listFolders(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

async function compile(name: string): Promise<void> {
  const env = { ...process.env, KEMU_BUILD_DIR: outDir }
  const child = spawn(process.execPath, [program, name], { env, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the code of ${name} was not kept`)
}
