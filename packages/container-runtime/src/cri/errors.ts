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
