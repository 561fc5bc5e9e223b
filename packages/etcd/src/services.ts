import type { Clock, Random } from '@kemu/base'
import { PeerService } from '@kemu/rpc/raft-codec'
import { addAuth } from './api/auth.ts'
import { addCluster, promoteLearner } from './api/cluster.ts'
import { addHealth } from './api/health.ts'
import { addKv } from './api/kv.ts'
import { addLease } from './api/lease.ts'
import { addLockAndElection } from './api/lock-and-election.ts'
import { addMaintenance } from './api/maintenance.ts'
import { addReflection } from './api/reflection.ts'
import { addWatch } from './api/watch.ts'
import { Authenticator } from './auth/authenticator.ts'
import { SimpleTokens } from './auth/simple-tokens.ts'
import type { Tokens } from './auth/tokens.ts'
import type { EtcdConfig } from './config.ts'
import type { GrpcServer } from './grpc/server.ts'
import type { Member } from './member/member.ts'
import { atLeader } from './peer/at-leader.ts'
import { forwardedLeases } from './peer/forwarded-leases.ts'
import type { PeerTransport } from './peer/peer-transport.ts'

export interface ServicesDeps {
  readonly member: Member
  readonly transport: PeerTransport
  readonly clock: Clock
  readonly random: Random
  readonly config: EtcdConfig
  readonly requestTimeoutMs: number
}

/** Everything that clients may call. */
export async function addServices(server: GrpcServer, deps: ServicesDeps): Promise<void> {
  const { member, transport, clock, random, config, requestTimeoutMs } = deps
  const { txnOpsMax, requestBytesMax, progressIntervalMs, quotaBytes } = config
  const authenticator = new Authenticator({
    tokens: await tokensFor(deps),
    auth: () => member.state.auth,
    trustsCertificates: config.clientTls?.requireClientCertificate ?? false,
  })
  addKv(server, { member, authenticator, config: { txnOpsMax, requestBytesMax } })
  addWatch(server, {
    member,
    clock,
    random,
    authenticator,
    config: { progressIntervalMs, requestBytesMax },
  })
  addHealth(server)
  addReflection(server)
  const leader = forwardedLeases({ member, transport, clock, requestTimeoutMs })
  addLease(server, { member, leader, authenticator, random })
  addAuth(server, { member, authenticator, random, passwordCost: config.passwordCost })
  addLockAndElection(server, { member, authenticator, random })
  const isStrict = config.strictReconfigCheck
  addCluster(server, {
    member,
    clock,
    authenticator,
    isConnected: (id) => transport.isConnected(id),
    promoteAtLeader: (id) =>
      atLeader(
        { member, transport, clock, requestTimeoutMs },
        () => promoteLearner(member, isStrict, id),
        async (channel) => (await channel.unary(PeerService.MemberPromote, { ID: id })).members,
      ),
    config: { isStrict, learnersMax: config.learnersMax },
  })
  addMaintenance(server, {
    member,
    clock,
    authenticator,
    config: { quotaBytes, requestTimeoutMs, tickMs: config.tickMs },
  })
}

/** The code for signed tokens is loaded only where they are asked for. */
async function tokensFor({ clock, random, config }: ServicesDeps): Promise<Tokens> {
  const { token } = config
  if (token.kind === 'simple') return new SimpleTokens({ clock, random, ttlMs: token.ttlMs })
  const { JsonWebTokens } = await import('./auth/json-web-tokens.ts')
  return new JsonWebTokens(token, clock)
}
