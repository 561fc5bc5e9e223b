import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '@kemu/base'
import type { ExecProcess } from '../handler/handler.ts'
import { readDescendants, signalPid } from './procfs.ts'
import { TerminalResizer } from './terminal-resizer.ts'

export interface ExecSpawn {
  /** The whole command line; it reports on fd 3, see execScript. */
  readonly words: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
  readonly clock: Clock
}

/** A command that could not be started, in runc's words. */
export class ExecFailed extends Error {
  override name = 'ExecFailed'
}

/** Starts a command beside a container's main process, in a session of its own so that all of it can be killed. */
export async function startExec(request: ExecSpawn): Promise<ExecProcess> {
  const { words } = request
  // A terminal is held by script(1), whose own input must stay open.
  const stdin = request.stdin || request.tty ? 'pipe' : 'ignore'
  const child = spawn(words[0]!, words.slice(1), {
    cwd: '/',
    detached: true,
    stdio: [stdin, 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  })
  const exited = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
  })
  exited.catch(() => undefined) // awaited by the caller, or told by the report below
  const report = child.stdio[3] as Readable
  const said = await Promise.race([readReport(report), exited.then(() => readReport(report))])
  if (said !== started) throw new ExecFailed(said.trim() || 'the process ended before it started')
  const terminal = new TerminalResizer(() => child.pid, request.clock)
  return {
    stdin: request.stdin ? (child.stdin as Writable) : undefined,
    stdout: child.stdout as Readable,
    stderr: request.tty ? undefined : (child.stderr as Readable),
    exited,
    resize: (columns, rows) => terminal.resize(columns, rows),
    kill: () => killGroup(child),
  }
}

const started = 'started\n'

/** Everything up to the word that it runs, or up to the end. */
function readReport(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text === started) resolve(text)
    })
    stream.on('end', () => resolve(text))
    stream.on('error', () => resolve(text))
    if (stream.readableEnded) resolve(text)
  })
}

/** A process in another PID namespace is still a child in ours, so the family can be found from outside. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  for (const pid of readDescendants(child.pid).reverse()) signalPid(pid, 'SIGKILL')
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal]
}

/** Words before a command that put it into the namespaces of a running process. */
export function enterWords(pid: number): string[] {
  const namespaces = ['mnt', 'net', 'ipc', 'uts', 'pid'] as const
  const option = { mnt: 'mount', net: 'net', ipc: 'ipc', uts: 'uts', pid: 'pid' }
  return ['nsenter', ...namespaces.map((name) => `--${option[name]}=/proc/${pid}/ns/${name}`), '--']
}
