import { join } from 'node:path'
import { RpcChannel } from '@kemu/rpc'
import type { RpcClient } from '@kemu/rpc'
import { Host } from '@kemu/rpc/host'
import type { HostMethods, StatusResponse } from '@kemu/rpc/host'
import { shortRunDir } from './host-paths.ts'

/** Talks to one host's supervisor. */
export class HostControl {
  readonly #channel: RpcChannel
  readonly #host: RpcClient<HostMethods>

  constructor(hostDir: string, socket?: string) {
    const path = socket ?? join(shortRunDir(hostDir, process.getuid?.() ?? 0), 'host.sock')
    this.#channel = new RpcChannel(`unix:${path}`)
    this.#host = this.#channel.service(Host)
  }

  /** Of the host that this machine is. */
  static at(socket: string): HostControl {
    return new HostControl('/', socket)
  }

  status(timeoutMs: number): Promise<StatusResponse> {
    return this.#host.Status({}, { timeoutMs })
  }

  /** Returns when the supervisor has taken note; its process ends later. */
  async shutdown(graceMs: number): Promise<void> {
    await this.#host.Shutdown({ graceMs: String(graceMs) }, { timeoutMs: 5000 })
  }

  close(): void {
    this.#channel.close()
  }
}
