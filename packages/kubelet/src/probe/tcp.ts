import { connect } from 'node:net'
import type { Clock } from '@kemu/base'
import { dialFailure } from './http-get.ts'
import type { ProbeOutcome } from './probe-outcome.ts'

/** Can a connection be opened? */
export function probeTcp(
  clock: Clock,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (outcome: ProbeOutcome): void => {
      timer.cancel()
      socket.destroy()
      resolve(outcome)
    }
    const timer = clock.setTimer(timeoutMs, () =>
      end({ result: 'failure', output: `dial tcp ${host}:${port}: i/o timeout` }),
    )
    socket.on('connect', () => end({ result: 'success', output: '' }))
    socket.on('error', (error) => end({ result: 'failure', output: dialFailure(error) }))
  })
}
