import { ClusterService } from '@kemu/rpc/etcd-codec'
import type { GrpcServer } from '../grpc/server.ts'
import type { Member } from '../member/member.ts'

/** The Cluster service. */
export function addCluster(server: GrpcServer, member: Member): void {
  server.async(ClusterService.MemberList, async ({ linearizable }) => {
    if (linearizable) await member.whenReadable()
    return { header: member.header(), members: member.state.membership.all() }
  })
}
