// Runs test/recordings/*.txt on a cluster (kubectl must be in PATH):
//   node scripts/run.mjs transcripts record PEERS_DIR [NAME...]          writes down what the oracle prints; PEERS_DIR is where
//                                                                        `peers up --real-node --dir PEERS_DIR` keeps its files
//   node scripts/run.mjs transcripts compare KUBECONFIG NODE [NAME...]   shows where that cluster prints something else
// What another kubectl than v1.36 prints (KEMU_TEST_PROGRAMS names its folder) is kept beside it, where it differs.
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { clientVersion } from '../test/src/recordings/client-version.ts'
import { findProgram } from '../test/src/support/programs.ts'
import { Session } from '../test/src/recordings/session.ts'
import type { Target } from '../test/src/recordings/session.ts'
import {
  formatTranscript,
  outputOf,
  parseTranscript,
  withOutput,
} from '../test/src/recordings/transcript.ts'
import type { Step, Transcript } from '../test/src/recordings/transcript.ts'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const folder = join(root, 'test/recordings')
const client = clientVersion()
const [mode, place = '', ...rest] = process.argv.slice(2)
if (mode === 'record') await recordAll(place, rest)
else if (mode === 'compare') await compareAll(place, rest)
else {
  console.error('usage: transcripts record PEERS_DIR [NAME...] | compare KUBECONFIG NODE [NAME...]')
  process.exitCode = 2
}

async function recordAll(peers: string, names: readonly string[]): Promise<void> {
  tagImages(peers)
  const target = { kubeconfig: join(peers, 'admin.conf'), node: 'reference', folder }
  for (const transcript of transcripts(names)) {
    const steps: Step[] = []
    await within(target, transcript, async (session) => {
      for (const step of transcript.steps) {
        // Some wait for minutes: who records sees for which.
        console.error(`${new Date().toISOString()} ${step.kind}: ${step.command}`)
        steps.push(withOutput(step, client, await session.record(step)))
      }
    })
    writeFileSync(
      join(folder, `${transcript.name}.txt`),
      formatTranscript({ ...transcript, steps }),
    )
    console.log(`${transcript.name}: ${steps.length} commands recorded`)
  }
}

async function compareAll(kubeconfig: string, args: readonly string[]): Promise<void> {
  const [node = '', ...names] = args
  const target = { kubeconfig, node, folder }
  for (const transcript of transcripts(names)) {
    let differing = 0
    await within(target, transcript, async (session) => {
      for (const step of transcript.steps) {
        const expected = outputOf(step, client)
        const output = await session.replay(step, expected)
        if (output === expected) continue
        differing++
        console.log(`\n${transcript.name}: ${step.command}`)
        if (step.differs) console.log(`  (known: ${step.differs})`)
        console.log(difference(expected, output))
      }
    })
    console.log(`${transcript.name}: ${differing} of ${transcript.steps.length} differ`)
  }
}

async function within(
  target: Target,
  transcript: Transcript,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const session = new Session(target)
  try {
    await session.open(transcript)
    await use(session)
  } finally {
    await session.close(transcript)
  }
}

function transcripts(names: readonly string[]): Transcript[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => file.replace(/\.txt$/, ''))
    .filter((name) => names.length === 0 || names.includes(name))
    .map((name) => parseTranscript(name, readFileSync(join(folder, `${name}.txt`), 'utf8')))
}

/** The oracle's node knows images by upstream's names for tests; the exercises use Docker's. */
function tagImages(peers: string): void {
  const outer = readFileSync(join(peers, 'node.pid'), 'utf8').trim()
  const node = execFileSync('pgrep', ['-P', outer]).toString().trim()
  const ctr = ['-t', node, '-a', 'ctr', '-a', '/run/containerd.sock', '-n', 'k8s.io', 'images']
  const env = { ...process.env, PATH: `${dirname(findProgram('ctr')!)}:${process.env['PATH']}` }
  const from = 'registry.k8s.io/e2e-test-images'
  for (const [image, name] of [
    [`${from}/busybox:1.36.1-1`, 'docker.io/library/busybox:1.36.1'],
    [`${from}/nginx:1.27-0`, 'docker.io/library/nginx:1.27'],
    [`${from}/nginx:1.15-4`, 'docker.io/library/nginx:1.26'],
  ] as const)
    execFileSync('nsenter', [...ctr, 'tag', '--force', image, name], { env })
}

/** Lines that only one of the two has, in order: the longest common part is left out. */
function difference(expected: string, actual: string): string {
  const [a, b] = [expected.split('\n'), actual.split('\n')]
  const row = (): number[] => Array.from({ length: b.length + 1 }, () => 0)
  const length = [...a, ''].map(row)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i]![j] =
        a[i] === b[j]
          ? length[i + 1]![j + 1]! + 1
          : Math.max(length[i + 1]![j]!, length[i]![j + 1]!)
  const lines: string[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) [i, j] = [i + 1, j + 1]
    else if (j < b.length && (i === a.length || length[i]![j + 1]! > length[i + 1]![j]!))
      lines.push(`  + ${b[j++]}`)
    else lines.push(`  - ${a[i++]}`)
  }
  return lines.join('\n')
}
