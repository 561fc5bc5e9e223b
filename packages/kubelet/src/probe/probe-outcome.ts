export type ProbeResult = 'success' | 'warning' | 'failure'

/** What one probe found, and what it said. */
export interface ProbeOutcome {
  readonly result: ProbeResult
  readonly output: string
}

/** A probe that could not be made at all: neither success nor failure of the container. */
export class ProbeError extends Error {
  override name = 'ProbeError'
}
