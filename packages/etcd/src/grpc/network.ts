import { dial } from './client.ts'
import type { Channel, ChannelDeps, ChannelTarget } from './client.ts'
import type { GrpcServer, ServerTls } from './server.ts'

/** How members and their clients reach each other. */
export interface Network {
  /** Lets a server answer at an address; resolves with the port, rejects when it is taken. */
  listen(server: GrpcServer, host: string, port: number, tls?: ServerTls): Promise<number>
  /** Connects; rejects when nobody answers. */
  dial(target: ChannelTarget, deps: ChannelDeps): Promise<Channel>
}

/** Connects to one kind of server: how it is found and trusted is settled. */
export type Dial = (target: ChannelTarget) => Promise<Channel>

export const systemNetwork: Network = {
  listen: (server, host, port, tls) => server.listen(host, port, tls),
  dial,
}
