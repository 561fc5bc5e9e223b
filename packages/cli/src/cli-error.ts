/**
 * Exit codes: 1 it failed, 2 the command line was wrong, 3 the cluster is not in the state asked for, 130 Ctrl-C (as a
 * shell tells of SIGINT).
 */
export type Failure = 'failed' | 'usage' | 'state' | 'interrupted'

const exitCodes: Record<Failure, number> = {
  failed: 1,
  usage: 2,
  state: 3,
  interrupted: 130,
}

/** A failure that a person can do something about; its message says what. */
export class CliError extends Error {
  override name = 'CliError'
  readonly exitCode: number

  constructor(message: string, failure: Failure = 'failed') {
    super(message)
    this.exitCode = exitCodes[failure]
  }
}
