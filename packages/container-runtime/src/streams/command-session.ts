import type { Readable, Writable } from 'node:stream'
import type { Random } from '@kemu/base'
import { commandExited, commandFailed, commandSucceeded } from '@kemu/streaming'
import type { RemoteCommandSession } from '@kemu/streaming'
import { execFailure } from '../cri/errors.ts'
import type { AttachedIo, ExecProcess } from '../handler/handler.ts'
import type { LogStream } from '../logs/cri-log.ts'

/** Runs a command for a client and tells it the exit code. A client that leaves ends the command. */
export async function serveExec(
  session: RemoteCommandSession,
  random: Random,
  start: () => Promise<ExecProcess>,
): Promise<void> {
  let exec: ExecProcess
  try {
    exec = await start()
  } catch (error) {
    const why = execFailure(random, error)
    return session.finish(commandFailed(`error executing command in container: ${why}`))
  }
  session.onResize(({ columns, rows }) => exec.resize(columns, rows))
  void session.closed.then(() => exec.kill())
  copyInput(session.stdin, exec.stdin)
  const outputs = [copyOutput(exec.stdout, session.stdout), copyOutput(exec.stderr, session.stderr)]
  const code = await exec.exited
  // A child that was left behind with the output holds the session, as it does under containerd.
  await Promise.all(outputs)
  await session.finish(commandExited(code))
}

/**
 * Joins a client to the main process's own input and output until either has ended. A client's end of input is its end,
 * unless the container's input ends with it (stdinOnce).
 */
export async function serveAttach(session: RemoteCommandSession, io: AttachedIo): Promise<void> {
  session.onResize(({ columns, rows }) => io.resize(columns, rows))
  let leave = (): void => undefined
  const left = new Promise<void>((resolve) => (leave = resolve))
  const stdin = session.stdin
  const target = io.stdin
  if (stdin && target) {
    stdin.on('data', (chunk: Buffer) => {
      if (!target.write(chunk)) {
        stdin.pause()
        target.once('drain', () => stdin.resume())
      }
    })
    stdin.on('end', () => {
      if (!io.endStdin()) leave()
    })
  } else stdin?.resume()
  io.onOutput((stream: LogStream, chunk) => {
    const output = stream === 'stdout' ? session.stdout : session.stderr
    if (output && !output.destroyed && !output.writableEnded) output.write(chunk)
  })
  await Promise.race([io.exited, session.closed, left])
  io.close()
  await session.finish(commandSucceeded)
}

function copyInput(source: Readable | undefined, target: Writable | undefined): void {
  if (!source || !target) {
    target?.end()
    source?.resume()
    return
  }
  target.on('error', () => source.resume()) // the command closed its input: the rest is for nobody
  source.pipe(target)
}

function copyOutput(source: Readable | undefined, target: Writable | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (!source) return resolve()
    source.on('close', resolve)
    source.on('error', () => resolve())
    if (target) source.pipe(target, { end: false })
    else source.resume()
    target?.on('error', () => source.resume())
    target?.on('close', () => source.resume())
  })
}
