// Runs compiled tests under `node --test` with our reporter.
//   node scripts/run.mjs test            everything but compose
//   node scripts/run.mjs test unit       packages/*/dist (unit, property, scenario and simulation tests)
//   node scripts/run.mjs test e2e [...]  whole clusters; further words choose files by substring
//   node scripts/run.mjs test compose    docker-compose.yml and docker-compose.ha.yml on a Docker engine
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const [first = 'all', ...rest] = process.argv.slice(2)
const kinds: Record<string, string[]> = {
  unit: ['packages'],
  e2e: ['test/dist'],
  compose: ['test/dist/compose'],
  all: ['packages', 'test/dist'],
}
const isKind = first in kinds
const filters = isKind ? rest : [first, ...rest]
const kind = isKind ? first : 'all'
const files = kinds[kind]!.flatMap((folder) => testFiles(join(root, folder)))
  .filter((file) => kind === 'compose' || !file.includes('/test/dist/compose/'))
  .filter((file) => filters.length === 0 || filters.some((f) => file.includes(f)))
  .sort()
if (files.length === 0) {
  console.error(`no test file matches ${filters.join(' ')}; is the build done (npm run build)?`)
  process.exit(2)
}

// Clusters take ports and processors: their tests run one file at a time, after the unit tests.
const unit = files.filter((f) => !f.includes('/test/dist/'))
const whole = files.filter((f) => f.includes('/test/dist/'))
const args = [
  '--enable-source-maps',
  '--test-timeout=600000',
  '--test',
  `--test-reporter=${join(root, 'scripts/reporter.mjs')}`,
]
// Seconds before tap gives up on one test; a whole cluster takes its time on a busy machine.
const work = mkdtempSync(join(tmpdir(), 'kemu-test-'))
const totals = join(work, 'totals')
const env = { ...process.env, KEMU_TEST_TOTALS: totals, TAP_TIMEOUT: '300' }
let status = 0
for (const [group, concurrency] of [
  [unit, 2],
  [whole, 1],
] as const) {
  if (group.length === 0) continue
  const run = spawnSync(
    process.execPath,
    [...args, `--test-concurrency=${concurrency}`, ...group],
    {
      stdio: 'inherit',
      cwd: root,
      env,
    },
  )
  status ||= run.status ?? 1
}
const sums = readFileSync(totals, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' ').map(Number))
  .reduce(([passed = 0, failed = 0], [p = 0, f = 0]) => [passed + p, failed + f], [0, 0])
rmSync(work, { recursive: true })
console.log(`${sums[0]} passed, ${sums[1]} failed`)
process.exit(status)

function testFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      return ['node_modules', 'src', 'generated'].includes(entry.name) ? [] : testFiles(path)
    return entry.name.endsWith('.test.js') && path.includes('/dist/') ? [path] : []
  })
}
