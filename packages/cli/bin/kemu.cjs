#!/usr/bin/env node
'use strict'
// `kemu COMPONENT ARGS...` runs that component's bundle in this process; any other word is a command of the CLI.
// The bundle's compiled code is kept beside it, so that the second start does not compile it again.
const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

process.env.KEMU_PROGRAM = __filename
const bundles = path.join(__dirname, '..', 'dist', 'bundles')
const [word = 'cli', ...rest] = process.argv.slice(2)
const isComponent =
  word !== 'cli' && /^[a-z-]+$/.test(word) && fs.existsSync(path.join(bundles, `${word}.cjs`))
const file = path.join(bundles, `${isComponent ? word : 'cli'}.cjs`)
if (!fs.existsSync(file)) {
  process.stderr.write('kemu is not built yet; run: npm ci\n')
  process.exit(1)
}
/**
 * How V8 runs a component. Flags are set before its code is read: V8 takes cached code only under the flags that it was
 * made with, so a component that sets them itself compiles everything at each start.
 */
const v8Flags = {
  // A put goes through some two hundred small functions: by default V8 runs the first four thousand slowly (ADR 12).
  etcd: ['--interrupt-budget=20000', '--max-inlined-bytecode-size-cumulative=300'],
}
for (const flag of v8Flags[word] ?? []) require('node:v8').setFlagsFromString(flag)

process.argv = [process.argv[0], file, ...(isComponent ? rest : process.argv.slice(2))]
run(file)

function run(filename) {
  const source = fs.readFileSync(filename, 'utf8')
  const settled = `${filename}.${process.version}.settled.cache`
  const fresh = `${filename}.${process.version}.cache`
  const cachedData = read(settled) ?? read(fresh)
  // At build time every function is compiled, so that a first start finds in the cache what it will call.
  const v8 = process.env.KEMU_BUILD_CACHE ? require('node:v8') : undefined
  v8?.setFlagsFromString('--no-lazy')
  const script = new vm.Script(
    `(function(exports,require,module,__filename,__dirname){${source}\n})`,
    { filename, cachedData },
  )
  v8?.setFlagsFromString('--lazy')
  const module = { exports: {} }
  const require_ = require('node:module').createRequire(filename)
  if (process.env.KEMU_BUILD_CACHE) process.once('exit', () => keep(script, fresh))
  script.runInThisContext()(module.exports, require_, module, filename, path.dirname(filename))
  const isSettled = !script.cachedDataRejected && fs.existsSync(settled)
  // Once the process has settled, the functions that its start needs are compiled: worth keeping, once.
  if (!isSettled) setTimeout(() => keep(script, settled), 20_000).unref()
}

function read(file) {
  try {
    return fs.readFileSync(file)
  } catch {
    return undefined
  }
}

/** Losing the race, or not being allowed to write, is fine. */
function keep(script, file) {
  try {
    const temporary = `${file}.${process.pid}`
    fs.writeFileSync(temporary, script.createCachedData())
    fs.renameSync(temporary, file)
  } catch {}
}
