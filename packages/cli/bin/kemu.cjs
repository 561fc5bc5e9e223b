#!/usr/bin/env node
'use strict'
// `kemu COMPONENT ARGS...` runs that component's bundle in this process; any other word is a command of the CLI.
// The bundle's compiled code lies beside it since the build, so that no start compiles it.
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
  const cache = `${filename}.${process.version}.cache`
  if (process.env.KEMU_BUILD_CACHE) return keepCode(filename, cache)
  const script = scriptOf(filename, read(cache))
  const module = { exports: {} }
  const require_ = require('node:module').createRequire(filename)
  script.runInThisContext()(module.exports, require_, module, filename, path.dirname(filename))
}

function scriptOf(filename, cachedData) {
  // Bundles are plain ASCII (scripts/bundle.ts): nothing to decode, and V8 reads the bytes where they are.
  const source = fs.readFileSync(filename, 'latin1')
  return new vm.Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename,
    cachedData,
  })
}

/** At build time: every function is compiled and nothing is run, so that a start finds in the cache what it will call. */
function keepCode(filename, cache) {
  require('node:v8').setFlagsFromString('--no-lazy')
  const script = scriptOf(filename)
  // The flag is not to be one of those that the code was made with.
  require('node:v8').setFlagsFromString('--lazy')
  fs.writeFileSync(cache, script.createCachedData())
}

function read(file) {
  try {
    return fs.readFileSync(file)
  } catch {
    return undefined
  }
}
