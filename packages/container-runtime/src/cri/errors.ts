import type { Random } from '@kemu/base'
import { RpcError, status } from '@kemu/rpc'

/** containerd's messages; people and the kubelet's tests search for them. */
export const notFound = {
  container: (id: string): RpcError =>
    new RpcError(
      status.NOT_FOUND,
      `an error occurred when try to find container ${JSON.stringify(id)}: not found`,
    ),
  sandbox: (id: string): RpcError =>
    new RpcError(
      status.NOT_FOUND,
      `an error occurred when try to find sandbox ${JSON.stringify(id)}: not found`,
    ),
}

export function failed(message: string): RpcError {
  return new RpcError(status.UNKNOWN, message)
}

export function invalid(message: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, message)
}

/** Why a command did not start. containerd gives each one an id; people look for the words around it. */
export function execFailure(random: Random, error: unknown): string {
  const id = random.bytes(32).toString('hex')
  const why = error instanceof Error ? error.message : String(error)
  return `failed to exec in container: failed to start exec ${JSON.stringify(id)}: ${why}`
}
