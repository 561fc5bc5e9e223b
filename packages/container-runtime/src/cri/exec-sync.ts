import type { Readable } from 'node:stream'
import { sleep, systemClock, systemRandom } from '@kemu/base'
import { RpcError, status } from '@kemu/rpc'
import type { Message } from '@kemu/rpc'
import type { ExecSyncResponse } from '@kemu/rpc/cri'
import type { ContainerHandler } from '../handler/handler.ts'
import type { ContainerRecord } from '../store/records.ts'
import { execFailure, failed } from './errors.ts'

/** The most output that is kept of each stream: CRI's limit for ExecSync. */
const outputBytesMax = 16 * 1024 * 1024

/** Runs a command to its end. A timeout of 0 waits for ever; a command that outlasts it is killed. */
export async function execSync(
  handler: ContainerHandler,
  record: ContainerRecord,
  command: readonly string[],
  timeoutMs: number,
): Promise<Message<ExecSyncResponse>> {
  if (command.length === 0) throw failed('command cannot be empty')
  const exec = await handler
    .exec(record, { command, tty: false, stdin: false })
    .catch((error: unknown) => {
      throw failed(execFailure(systemRandom, error))
    })
  const outputs = Promise.all([collect(exec.stdout), collect(exec.stderr!)])
  const cancel = new AbortController()
  const timer =
    timeoutMs > 0
      ? sleep(systemClock, timeoutMs, cancel.signal).then(() => 'late' as const)
      : new Promise<never>(() => undefined)
  const code = await Promise.race([exec.exited, timer])
  cancel.abort()
  if (code === 'late') {
    exec.kill()
    throw new RpcError(
      status.DEADLINE_EXCEEDED,
      `failed to exec in container: timeout ${timeoutMs / 1000}s exceeded: context deadline exceeded`,
    )
  }
  const [stdout, stderr] = await outputs
  return { stdout, stderr, exitCode: code }
}

function collect(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let left = outputBytesMax
    stream.on('data', (chunk: Buffer) => {
      if (left > 0) chunks.push(chunk.subarray(0, left))
      left -= chunk.length
    })
    stream.on('close', () => resolve(Buffer.concat(chunks)))
    stream.on('error', reject)
  })
}
