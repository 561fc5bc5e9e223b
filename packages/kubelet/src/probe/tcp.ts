import { connect } from 'node:net'
import { dialFailure } from './http-get.ts'
import type { ProbeOutcome } from './probe-outcome.ts'

/** Can a connection be opened? */
export function probeTcp(host: string, port: number, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (outcome: ProbeOutcome): void => {
      socket.destroy()
      resolve(outcome)
    }
    socket.setTimeout(timeoutMs, () =>
      end({ result: 'failure', output: `dial tcp ${host}:${port}: i/o timeout` }),
    )
    socket.on('connect', () => end({ result: 'success', output: '' }))
    socket.on('error', (error) => end({ result: 'failure', output: dialFailure(error, '') }))
  })
}
