#!/usr/bin/env node
'use strict'
// `kemu COMPONENT ARGS...` runs that component's bundle in this process; any other word is a command of the CLI.
// The bundle's compiled code lies beside it since the build, so that no start compiles it.
const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

process.env.KEMU_PROGRAM = __filename
// A build has the compiled code of its bundles written beside them, where it makes them.
const isBuilding = process.env.KEMU_BUILD_DIR !== undefined
const bundles = process.env.KEMU_BUILD_DIR ?? path.join(__dirname, '..', 'dist', 'bundles')
const [word = 'cli', ...rest] = process.argv.slice(2)
const isComponent =
  word !== 'cli' && /^[a-z-]+$/.test(word) && fs.existsSync(path.join(bundles, `${word}.cjs`))
const file = path.join(bundles, `${isComponent ? word : 'cli'}.cjs`)
if (!fs.existsSync(file)) {
  process.stderr.write('kemu is not built yet; run: npm ci\n')
  process.exit(1)
}
process.argv = [process.argv[0], file, ...(isComponent ? rest : process.argv.slice(2))]
spareAddressPattern()
run(file)
if (!isBuilding) setPace(word)

function run(filename) {
  const cache = `${filename}.${process.version}.cache`
  if (isBuilding) return keepCode(filename, cache)
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

/**
 * Node asks of each name and IPv4 address, in TLS, HTTP and through grpc-js, whether it is an IPv6 address; to compile its
 * pattern of those takes 6 ms in each process. They all have a colon.
 */
function spareAddressPattern() {
  const net = require('node:net')
  const { isIPv4, isIPv6 } = net
  net.isIPv6 = (text) => `${text}`.includes(':') && isIPv6(text)
  net.isIP = (text) => (isIPv4(text) ? 4 : net.isIPv6(text) ? 6 : 0)
}

/**
 * How soon V8 optimizes what runs often. Set when the code is loaded: cached code, the bundle's and that of Node's own
 * modules, is taken only under the flags that it was made with.
 */
function setPace(component) {
  const v8 = require('node:v8')
  if (component === 'etcd') {
    // A put goes through some two hundred small functions: by default V8 runs the first four thousand slowly (ADR 12).
    v8.setFlagsFromString('--interrupt-budget=20000')
    v8.setFlagsFromString('--max-inlined-bytecode-size-cumulative=300')
    return
  }
  // Of a start's code little runs often enough to earn back its optimizing: ten times V8's budget first (ADR 7).
  v8.setFlagsFromString('--interrupt-budget=675840')
  setTimeout(() => v8.setFlagsFromString('--interrupt-budget=67584'), 10_000).unref()
}

function read(file) {
  try {
    return fs.readFileSync(file)
  } catch {
    return undefined
  }
}
