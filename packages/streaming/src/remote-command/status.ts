/** The part of a metav1.Status that ends a remote command. */
export interface CommandStatus {
  readonly metadata: Readonly<Record<string, never>>
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly causes: readonly { reason: string; message: string }[] }
  readonly code?: number
}

export const commandSucceeded: CommandStatus = { metadata: {}, status: 'Success' }

/** A command that ended with another code than 0; kubectl takes the code from the cause. */
export function commandExited(code: number): CommandStatus {
  if (code === 0) return commandSucceeded
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  }
}

/** The command could not be run or followed. */
export function commandFailed(message: string): CommandStatus {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ reason: '', message }] },
    code: 500,
  }
}

/**
 * What a client of the fifth WebSocket protocol is told. The API server carries its command over SPDY and tells of a
 * command that failed there as a failure of its own (streamtranslator, KEP-4006); exit codes go through.
 */
export function translated(status: CommandStatus): CommandStatus {
  return status.reason === 'InternalError' ? commandFailed(status.message ?? '') : status
}

/** How the status travels: JSON from the fourth version on, before that only a failure's text. */
export function formatStatus(status: CommandStatus, isJson: boolean): string {
  if (isJson) return JSON.stringify(status)
  return status.status === 'Success' ? '' : (status.message ?? '')
}
