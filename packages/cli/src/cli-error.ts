/** Exit codes: 1 it failed, 2 the command line was wrong, 3 the cluster is not in the state asked for. */
export type Failure = 'failed' | 'usage' | 'state'

const exitCodes: Record<Failure, number> = { failed: 1, usage: 2, state: 3 }

/** A failure that a person can do something about; its message says what. */
export class CliError extends Error {
  override name = 'CliError'
  readonly exitCode: number

  constructor(message: string, failure: Failure = 'failed') {
    super(message)
    this.exitCode = exitCodes[failure]
  }
}
