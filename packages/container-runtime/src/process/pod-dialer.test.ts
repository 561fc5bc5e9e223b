import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { findProgramPlaces } from './image-roots.ts'
import { dialPod } from './pod-dialer.ts'

const places = findProgramPlaces(
  fileURLToPath(new URL('../../../cli/dist/bundles', import.meta.url)),
)
const skip = process.getuid?.() === 0 ? false : 'needs root: another network namespace is entered'

void t.test('a port that only the pod’s localhost has is reached', { skip }, async (t) => {
  const server = [
    "const server = require('net').createServer({ allowHalfOpen: true }, (s) => s.end('inside'))",
    "server.listen(8080, '127.0.0.1', () => console.log('up'))",
  ].join('\n')
  const script = 'ip link set lo up && exec "$@"'
  const words = ['--net', 'sh', '-c', script, 'sh', process.execPath, '-e', server]
  const pod = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => pod.kill('SIGKILL'))
  await new Promise((resolve) => pod.stdout.once('data', resolve))
  const target = { address: '127.0.0.1', port: 8080, namespacePid: pod.pid, sandboxId: 'abc' }

  // Nobody listens on our own side at the address that stands for the pod's.
  const stream = await dialPod({ ...target, address: '127.77.255.1' }, places)
  const text = await new Promise<string>((resolve) => {
    let got = ''
    stream.on('data', (chunk: Buffer) => (got += chunk.toString()))
    stream.on('end', () => resolve(got))
  })
  t.equal(text, 'inside')
  stream.destroy()
  await t.rejects(
    dialPod({ ...target, address: '127.77.255.1', port: 9 }, places),
    /in network namespace "\/proc\/\d+\/ns\/net": .* localhost:9 inside namespace "abc", IPv4: dial /,
  )
})

void t.test('without a namespace of its own a pod has its address only', async (t) => {
  const target = { address: '127.77.255.1', port: 9, namespacePid: undefined, sandboxId: 'abc' }
  await t.rejects(dialPod(target, places), /in network namespace "host": .*connection refused/)
})
