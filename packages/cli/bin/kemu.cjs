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
process.argv = [process.argv[0], file, ...(isComponent ? rest : process.argv.slice(2))]
run(file)

function run(filename) {
  const source = fs.readFileSync(filename, 'utf8')
  const cacheFile = `${filename}.${process.version}.cache`
  let cachedData
  try {
    cachedData = fs.readFileSync(cacheFile)
  } catch {}
  const script = new vm.Script(
    `(function(exports,require,module,__filename,__dirname){${source}\n})`,
    {
      filename,
      cachedData,
      importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  )
  const module = { exports: {} }
  const require_ = require('node:module').createRequire(filename)
  script.runInThisContext()(module.exports, require_, module, filename, path.dirname(filename))
  if (!cachedData || script.cachedDataRejected) keepCache(script, cacheFile)
}

/** Written once the process has settled, when the functions that start-up needs are compiled; losing the race is fine. */
function keepCache(script, cacheFile) {
  setTimeout(() => {
    try {
      const temporary = `${cacheFile}.${process.pid}`
      fs.writeFileSync(temporary, script.createCachedData())
      fs.renameSync(temporary, cacheFile)
    } catch {}
  }, 3000).unref()
}
