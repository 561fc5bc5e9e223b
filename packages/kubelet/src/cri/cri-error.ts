import { RpcError, status, statusName, toRpcError } from '@kemu/rpc'

/** The runtime's own words of a refused call (gRPC's status message). */
export function criMessage(error: unknown): string {
  return error instanceof Error ? toRpcError(error).message : String(error)
}

/** What upstream prints of a failed CRI call where it shows the whole error. */
export function criErrorText(error: unknown): string {
  if (!(error instanceof RpcError)) return criMessage(error)
  return `rpc error: code = ${codeName(error.code)} desc = ${error.message}`
}

export function isCriNotFound(error: unknown): boolean {
  return error instanceof RpcError && error.code === status.NOT_FOUND
}

export function isCriUnimplemented(error: unknown): boolean {
  return error instanceof RpcError && error.code === status.UNIMPLEMENTED
}

export function isCriDeadlineExceeded(error: unknown): boolean {
  return error instanceof RpcError && error.code === status.DEADLINE_EXCEEDED
}

/** Go's names of the codes: DeadlineExceeded for DEADLINE_EXCEEDED. */
function codeName(code: number): string {
  const name = statusName(code) ?? 'UNKNOWN'
  if (name === 'OK') return name
  return name
    .split('_')
    .map((word) => word[0]! + word.slice(1).toLowerCase())
    .join('')
}
