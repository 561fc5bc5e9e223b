// The end-to-end tests with a real etcd under our apiserver: `npm run test:e2e:real-etcd [WORDS OF FILES]`, by default all
// but those below. It runs where ours would, as the static pod on the first host. Takes the first etcd in
// KEMU_TEST_PROGRAMS, of `peers build etcd` (3.6), or on PATH; Debian's 3.5 gets the flags by their older names.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const folders = [
  ...(process.env['KEMU_TEST_PROGRAMS'] ?? '').split(delimiter),
  join(process.env['HOME'] ?? '/root', '.cache/kemu-peers/bin'),
  ...(process.env['PATH'] ?? '').split(delimiter),
]
const found = folders.map((folder) => join(folder, 'etcd')).find((file) => existsSync(file))
if (found === undefined) {
  console.error('no etcd: peers build etcd, or the Debian package etcd-server')
  process.exit(2)
}
// Hosts see this folder, and nothing of the person's home.
const folder = join(root, 'packages/cli/dist/bundles/real-etcd')
mkdirSync(folder, { recursive: true })
const program = join(folder, 'etcd')
const binary = join(folder, 'etcd.bin')
copyFileSync(found, binary)
const { stdout: version } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
console.log(version.split('\n')[0])
const rename = version.includes(' 3.5.')
  ? ['--feature-gates=InitialCorruptCheck=true --experimental-initial-corrupt-check=true']
      .concat('--watch-progress-notify-interval= --experimental-watch-progress-notify-interval=')
      .map((pair) => pair.split(' ') as [string, string])
  : []
writeFileSync(
  program,
  [
    '#!/bin/sh',
    'for flag do',
    '  shift',
    '  case $flag in',
    ...rename.map(([from, to]) => `  ${from}*) set -- "$@" "${to}\${flag#${from}}" ;;`),
    '  *) set -- "$@" "$flag" ;;',
    '  esac',
    'done',
    `exec '${binary}' "$@"`,
    '',
  ].join('\n'),
)
for (const file of [program, binary]) chmodSync(file, 0o755)
/** Files that have no place here, and why. */
const excluded: Readonly<Record<string, string>> = {
  'etcd/': 'our etcd alone, without a cluster on it',
  'clusters/etcd-members': 'members of three are dialled by names that only kemu programs resolve',
  'compose/': 'a command of its own, npm run test:compose',
  'swapping/': 'commands of their own, npm run test:real-control and test:real-apiserver',
}
const words = process.argv.slice(2)
if (words.length === 0) {
  for (const [file, why] of Object.entries(excluded)) console.log(`without ${file}: ${why}`)
}
const chosen = words.length > 0 ? words : included()
const run = spawnSync(process.execPath, [join(root, 'scripts/run.mjs'), 'test', 'e2e', ...chosen], {
  stdio: 'inherit',
  cwd: root,
  env: { ...process.env, KEMU_ETCD_PROGRAM: program },
})
rmSync(folder, { recursive: true })
process.exit(run.status ?? 1)

function included(): string[] {
  const tests = join(root, 'test/dist')
  return readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => !Object.keys(excluded).some((start) => file.startsWith(start)))
    .map((file) => join('test/dist', file))
}
