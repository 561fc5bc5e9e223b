import { RpcError, status } from '@kemu/rpc'
import type { AttachRequest, ExecRequest } from '@kemu/rpc/cri'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'

/** URLs for exec, attach and port-forward sessions. */
export class StreamingServer {
  exec(_record: ContainerRecord, _request: ExecRequest): string {
    throw new RpcError(status.UNIMPLEMENTED, 'Exec comes with the streaming server')
  }

  attach(_record: ContainerRecord, _request: AttachRequest): string {
    throw new RpcError(status.UNIMPLEMENTED, 'Attach comes with the streaming server')
  }

  portForward(_record: SandboxRecord, _ports: readonly number[]): string {
    throw new RpcError(status.UNIMPLEMENTED, 'PortForward comes with the streaming server')
  }
}
