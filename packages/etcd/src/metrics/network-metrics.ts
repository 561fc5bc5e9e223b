import type { MetricsRegistry } from '@kemu/base'
import { nodeIdOf } from '../cluster/member-id.ts'
import type { GrpcServer } from '../grpc/server.ts'
import type { Member } from '../member/member.ts'
import type { PeerTransport } from '../peer/peer-transport.ts'

/** What goes over the network to clients and members; bytes are those of the connections, frames and all. */
export function registerNetworkMetrics(
  registry: MetricsRegistry,
  member: Member,
  clients: GrpcServer,
  transport: PeerTransport,
): void {
  registry.counterFrom(
    'etcd_network_client_grpc_received_bytes_total',
    'The total number of bytes received from grpc clients.',
    () => clients.traffic().receivedBytes,
  )
  registry.counterFrom(
    'etcd_network_client_grpc_sent_bytes_total',
    'The total number of bytes sent to grpc clients.',
    () => clients.traffic().sentBytes,
  )
  const peers = (value: (id: bigint) => number) => () =>
    member.state.membership
      .all()
      .filter(({ ID }) => ID !== member.id)
      .map(({ ID }) => ({ labels: [nodeIdOf(member.id), nodeIdOf(ID)], value: value(ID) }))
  registry.samplesFrom(
    'gauge',
    'etcd_network_known_peers',
    'The current number of known peers.',
    ['Local', 'Remote'],
    peers(() => 1),
  )
  registry.samplesFrom(
    'gauge',
    'etcd_network_active_peers',
    'The current number of active peer connections.',
    ['Local', 'Remote'],
    peers((id) => Number(transport.isConnected(id))),
  )
}
