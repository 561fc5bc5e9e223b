import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import type { ProgramPlaces } from './image-roots.ts'
import { programWords } from './image-roots.ts'

/** Where a pod's port may be answered. */
export interface PodPort {
  readonly address: string
  readonly port: number
  /** A process in the pod's network namespace; undefined when the pod has none of its own. */
  readonly namespacePid: number | undefined
  readonly sandboxId: string
}

/**
 * A connection to a pod's port. Upstream dials localhost inside the pod; most programs listen on every address, so the
 * pod's own is tried first, which costs no process.
 */
export async function dialPod(target: PodPort, places: ProgramPlaces): Promise<Duplex> {
  const { address, port, namespacePid } = target
  try {
    return await dial(address, port)
  } catch (error) {
    const isRefused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    if (!isRefused) throw error
    if (namespacePid === undefined) throw new Error(refusal(target), { cause: error })
    return dialInside(namespacePid, target, places)
  }
}

/** containerd's words, which kubectl shows; its last part is what Go says where `localhost` has no IPv6 address. */
function refusal({ port, namespacePid, sandboxId }: PodPort): string {
  const namespace = namespacePid === undefined ? 'host' : `/proc/${namespacePid}/ns/net`
  return (
    `failed to execute portforward in network namespace ${JSON.stringify(namespace)}: ` +
    `failed to connect to localhost:${port} inside namespace ${JSON.stringify(sandboxId)}, ` +
    `IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused ` +
    'IPv6 dial tcp6: address localhost: no suitable address found '
  )
}

/** The same for a pod that ended while somebody forwarded its port. */
export function closedSandbox(id: string): Error {
  return new Error(`network namespace for sandbox ${JSON.stringify(id)} is closed`)
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** By busybox's nc in the pod's namespace: it says `open` when it is connected. */
function dialInside(pid: number, target: PodPort, places: ProgramPlaces): Promise<Duplex> {
  const { port } = target
  const nc = programWords(places, 'program-busybox nc')
  const words = [`--net=/proc/${pid}/ns/net`, '--', ...nc, '-v', '127.0.0.1', String(port)]
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', words, { stdio: 'pipe', env: { PATH: process.env['PATH'] } })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (!said.includes(' open')) return
      resolve(stdioOf(child))
    })
    child.on('error', reject)
    child.on('exit', () => reject(new Error(refusal(target), { cause: new Error(said.trim()) })))
  })
}

/** A process's input and output as one stream; giving the stream up ends the process. */
function stdioOf(child: ChildProcessWithoutNullStreams): Duplex {
  const stream = new Duplex({
    read: () => child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => child.stdin.write(chunk, () => done()),
    final: (done) => child.stdin.end(() => done()),
    destroy: (error, done) => {
      child.kill('SIGKILL')
      done(error)
    },
  })
  child.stdin.on('error', () => stream.destroy())
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause()
  })
  child.stdout.on('end', () => stream.push(null))
  return stream
}
