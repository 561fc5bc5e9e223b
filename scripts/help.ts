// Prints every command of package.json with what it does; fails where one has no words here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const what: Record<string, string> = {
  start: 'bring up a cluster of three hosts and deploy the example on it',
  test: 'run every test',
  check: 'format, types, lint, layers, house rules and unit tests: before every commit',
  build: 'generate, compile and bundle (npm ci does it too)',
  fmt: 'format the sources',
  'fmt:check': 'say which sources are not formatted',
  lint: 'lint with types',
  'test:unit': 'unit, property, scenario and simulation tests; add words to choose files',
  'test:integration': 'parts of a package together: sockets, processes, disks, long simulations',
  'test:e2e': 'tests on whole clusters; add words to choose files',
  'test:compose': 'tests of the compose files on a Docker engine',
  'test:etcdctl': 'every command of etcdctl on our store and on a real etcd 3.6',
  'test:real-apiserver':
    'the real kube-apiserver, controller manager and scheduler on our store (KEMU_TEST_PROGRAMS or PATH)',
  'test:real-control':
    'a cluster under the real kube-scheduler and kube-controller-manager (KEMU_TEST_PROGRAMS or PATH)',
  'test:e2e:real-etcd': 'tests on whole clusters whose store is a real etcd',
  sim: 'the store under seeded faults; --help for the flags',
  transcripts: 'what kubectl prints: record it on the oracle, or compare a cluster with the record',
  'adr-index': 'write docs/adr/README.md, the list of decisions',
  fidelity: 'put docs/fidelity.md together from the READMEs',
  bench: 'measurements: start-up, idle cost, etcd; without a name it lists them',
  help: 'this list',
}
const { scripts } = JSON.parse(
  readFileSync(join(process.env['KEMU_ROOT'] ?? process.cwd(), 'package.json'), 'utf8'),
) as { scripts: Record<string, string> }
const lines = Object.keys(scripts)
  .filter((name) => name !== 'prepare')
  .map((name): [string, string] => {
    if (!what[name]) throw new Error(`npm run ${name} has no words in scripts/help.ts`)
    return [/^(start|test)$/.test(name) ? `npm ${name}` : `npm run ${name}`, what[name]]
  })
lines.push(['npx kemu --help', 'the product itself'])
const width = Math.max(...lines.map(([command]) => command.length))
for (const [command, words] of lines) console.log(`${command.padEnd(width)}  ${words}`)
