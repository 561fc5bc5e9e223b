// Runs compiled tests by `run` of node:test.
//   node scripts/run.mjs test            everything but the last two; in CI docker-compose.yml too
//   node scripts/run.mjs test unit       packages/*/dist but *.integration.test.js
//   node scripts/run.mjs test integration  those: several parts of a package, real sockets, processes and disks
//   node scripts/run.mjs test e2e [...]  whole clusters; further words choose files by substring
//   node scripts/run.mjs test compose    docker-compose.yml and docker-compose.ha.yml on a Docker engine
//   node scripts/run.mjs test swapping   real programs of a control plane in the place of ours
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import type { TestEvent } from './test-event.ts'
import { inCompany, isIntegration, writeCompany } from './test-company.ts'
import { TestReport } from './test-report.ts'

/** A test that hangs is ended by tap, a file that hangs by us. What needs longer on a slow machine says so itself. */
const testTimeoutSeconds = 600
const fileTimeoutMs = 1_800_000
/** Files that CI runs once more when something in them failed; more of them is no accident. */
const secondAttemptsMax = 3

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const [first = 'all', ...rest] = process.argv.slice(2)
const kinds: Record<string, string[]> = {
  unit: ['packages'],
  integration: ['packages'],
  e2e: ['test/dist'],
  compose: ['test/dist/compose'],
  swapping: ['test/dist/swapping'],
  all: ['packages', 'test/dist'],
}
const isKind = first in kinds
const filters = isKind ? rest : [first, ...rest]
const kind = isKind ? first : 'all'
const files = kinds[kind]!.flatMap((folder) => testFiles(join(root, folder)))
  .filter((file) => kind === kindApart(file) || kindApart(file) === undefined || isForCi(file))
  .filter(isOfKind)
  .filter((file) => filters.length === 0 || filters.some((f) => file.includes(f)))
  .sort()
if (files.length === 0) {
  console.error(`no test file matches ${filters.join(' ')}; is the build done (npm run build)?`)
  process.exit(2)
}

process.chdir(root)
process.env['TAP_TIMEOUT'] = String(testTimeoutSeconds)
const report = new TestReport(root, (text) => void process.stdout.write(text))
/** Tests of a whole cluster take ports and processors: one at a time. The others run beside them. */
const isCluster = (file: string): boolean => /\/test\/dist\/(?!etcd\/)/.test(file)
const clusters = files.filter(isCluster).map((file) => [file])
const others = inCompany(files.filter((file) => !isCluster(file)))
await Promise.all([runInTurn(clusters).then(() => runInTurn(others)), runInTurn(others)])
// As upstream's flake attempts: one bad moment of the machine is told, and is not the end of a run of thousands of tests.
if (process.env['CI'] && report.failedFiles.length <= secondAttemptsMax)
  await runInTurn(report.failedFiles.map((file) => [file]))
report.end()
console.log(`${report.passed} passed, ${report.failed} failed`)
process.exitCode = report.failed === 0 ? 0 : 1

/** Takes groups of files from the queue until it is empty. Each is a run: only so is it known whose tests speak. */
async function runInTurn(queue: string[][]): Promise<void> {
  for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
    const program = group.length === 1 ? group[0]! : writeCompany(root, group)
    const events = run({ files: [program], timeout: fileTimeoutMs }) as AsyncIterable<TestEvent>
    const unreached = await report.follow(program, group, events)
    queue.unshift(...unreached.map((file) => [file]))
  }
}

/** `check` runs the quick ones. */
function isOfKind(file: string): boolean {
  if (kind === 'unit') return !isIntegration(file)
  return kind !== 'integration' || isIntegration(file)
}

/** Tests that need what few machines have are a kind of their own. */
function kindApart(file: string): string | undefined {
  return ['compose', 'swapping'].find((kind) => file.includes(`/test/dist/${kind}/`))
}

/** The compose file that most people use is tested whole; three masters take minutes more. */
function isForCi(file: string): boolean {
  return Boolean(process.env['CI']) && file.endsWith('/compose/one-master.test.js')
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
