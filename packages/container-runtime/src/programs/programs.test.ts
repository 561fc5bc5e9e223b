import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { logTime } from './access-log.ts'
import { greet } from './hello/greeting.ts'
import { parseHttpdConfig } from './httpd/config.ts'
import { parseOptions, UsageError } from './options.ts'
import { findFile } from './static-files.ts'
import { readSurroundings } from './surroundings.ts'

void t.test('hello says pod and version in the words of the exercises', (t) => {
  const surroundings = { ...readSurroundings({}), hostname: 'pod-1', version: 'v2' }
  t.equal(greet('bootcamp', surroundings), 'Hello Kubernetes bootcamp! | Running on: pod-1 | v=2\n')
  t.equal(
    greet('hello-app', { ...surroundings, version: '2.0' }),
    'Hello, world!\nVersion: 2.0.0\nHostname: pod-1\n',
  )
  t.end()
})

void t.test('httpd.conf: what is emulated, what has no effect, what is named', (t) => {
  const config = parseHttpdConfig(
    [
      'Listen 8080',
      'DocumentRoot "/srv/www"',
      '<Directory "/srv/www">',
      '  Options -Indexes',
      '</Directory>',
      'LoadModule x y',
      'RewriteEngine on',
    ].join('\n'),
  )
  t.same(config, {
    ports: [8080],
    documentRoot: '/srv/www',
    directoryIndex: ['index.html'],
    indexes: false,
    unknown: ['RewriteEngine (line 7)'],
  })
  t.end()
})

void t.test('a URL path never leaves the document root', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-files-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  mkdirSync(join(dir, 'www/sub'), { recursive: true })
  writeFileSync(join(dir, 'secret'), '')
  writeFileSync(join(dir, 'www/index.html'), '')
  const root = join(dir, 'www')
  t.equal(findFile(root, '/', ['index.html']).kind, 'file')
  t.equal(findFile(root, '/../secret', []).kind, 'missing')
  t.equal(findFile(root, '/%2e%2e/secret', []).kind, 'missing')
  t.equal(findFile(root, '/sub', []).kind, 'redirect')
  t.equal(findFile(root, '/sub/', []).kind, 'directory')
  t.equal(findFile(root, '/%zz', []).kind, 'badPath')
  t.equal(findFile(root, '/index.html/', []).kind, 'missing')
  t.end()
})

void t.test('options as getopt_long reads them', (t) => {
  const spec = { withValue: ['O', 'header'], plain: ['q', 'spider'] }
  const { given, words } = parseOptions(
    ['-qO-', 'url', '--header=A: b', '--header', 'C: d', '--', '-q'],
    spec,
  )
  t.same(given.get('O'), ['-'])
  t.same(given.get('header'), ['A: b', 'C: d'])
  t.same(words, ['url', '-q'])
  t.throws(() => parseOptions(['-z'], spec), UsageError)
  t.throws(() => parseOptions(['-O'], spec), UsageError)
  t.end()
})

void t.test('top needs no terminal, and ends after its rounds', (t) => {
  const main = fileURLToPath(new URL('busybox/main.js', import.meta.url))
  const said = execFileSync(process.execPath, [main, 'top', '-n', '2', '-d', '0'], {
    encoding: 'utf8',
  })
  const [memory, cpu, load, columns] = said.split('\n')
  t.match(memory, /^Mem: \d+K used, \d+K free, \d+K shrd, \d+K buff, \d+K cached$/)
  t.match(cpu, /^CPU: .*% usr .*% sys .*% idle/)
  t.match(load, /^Load average: \d/)
  t.equal(columns, '  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND')
  t.equal(said.match(/busybox\/main\.js top/g)?.length, 2, 'itself, twice')
  t.end()
})

void t.test('the time of access logs', (t) => {
  t.equal(logTime(Date.UTC(2026, 10, 5, 1, 2, 3)), '05/Nov/2026:01:02:03 +0000')
  t.end()
})
