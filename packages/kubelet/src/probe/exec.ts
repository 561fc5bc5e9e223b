import { formatDuration } from '@kemu/base'
import { criErrorText, isCriDeadlineExceeded } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import { ProbeError } from './probe-outcome.ts'
import type { ProbeOutcome } from './probe-outcome.ts'

/** maxReadLength of pkg/probe/exec. */
const outputBytesMax = 10 << 10

/** A runtime's own time around the command's. */
const callMarginMs = 120_000

/** Runs a command in the container; its exit code is the answer. */
export async function probeExec(
  cri: Cri,
  containerId: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ProbeOutcome> {
  try {
    const { stdout, stderr, exitCode } = await cri.runtime.ExecSync(
      { containerId, cmd: [...command], timeout: String(timeoutSeconds) },
      { timeoutMs: timeoutSeconds * 1000 + callMarginMs },
    )
    const output = Buffer.concat([stdout, stderr]).subarray(0, outputBytesMax).toString()
    return { result: exitCode === 0 ? 'success' : 'failure', output }
  } catch (error) {
    if (isCriDeadlineExceeded(error)) {
      const within = formatDuration(timeoutSeconds * 1000)
      return {
        result: 'failure',
        output: `command timed out: "${command.join(' ')}" timed out after ${within}`,
      }
    }
    throw new ProbeError(criErrorText(error), { cause: error })
  }
}
