// Runs compiled tests by `run` of node:test, file by file.
//   node scripts/run.mjs test            everything but compose
//   node scripts/run.mjs test unit       packages/*/dist (unit, property, scenario and simulation tests)
//   node scripts/run.mjs test e2e [...]  whole clusters; further words choose files by substring
//   node scripts/run.mjs test compose    docker-compose.yml and docker-compose.ha.yml on a Docker engine
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import type { TestEvent } from './test-event.ts'
import { TestReport } from './test-report.ts'

/** A test that hangs is ended by tap, and a file that hangs for good by us. A slow machine needs minutes for some. */
const testTimeoutSeconds = 1200
const fileTimeoutMs = 1_800_000
/** Files that CI runs once more when something in them failed; more of them is no accident. */
const secondAttemptsMax = 3

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

process.chdir(root)
process.env['TAP_TIMEOUT'] = String(testTimeoutSeconds)
const report = new TestReport(root, (text) => void process.stdout.write(text))
// Clusters take ports and processors: their tests run one file at a time, after the unit tests.
const isWhole = (file: string): boolean => file.includes('/test/dist/')
await runFiles(
  files.filter((file) => !isWhole(file)),
  2,
)
await runFiles(files.filter(isWhole), 1)
// As upstream's flake attempts: one bad moment of the machine is told, and is not the end of a run of thousands of tests.
if (process.env['CI'] && report.failedFiles.length <= secondAttemptsMax)
  await runFiles(report.failedFiles, 1)
report.end()
console.log(`${report.passed} passed, ${report.failed} failed`)
process.exitCode = report.failed === 0 ? 0 : 1

/** A run for each file: only so is it known whose tests speak, and each speaks when it runs. */
async function runFiles(queue: readonly string[], atOnce: number): Promise<void> {
  const waiting = [...queue]
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const events = run({ files: [file], timeout: fileTimeoutMs }) as AsyncIterable<TestEvent>
      await report.follow(file, events)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

function testFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      return ['node_modules', 'src', 'generated'].includes(entry.name) ? [] : testFiles(path)
    return entry.name.endsWith('.test.js') && path.includes('/dist/') ? [path] : []
  })
}
