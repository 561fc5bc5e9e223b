import { confChange } from '@kemu/raft'
import type { Clock } from '@kemu/base'
import { ClusterService } from '@kemu/rpc/etcd-codec'
import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import { memberIdOf, nodeIdOf } from '../cluster/member-id.ts'
import {
  checkSafeToAdd,
  checkSafeToPromote,
  checkSafeToRemove,
} from '../cluster/reconfiguration.ts'
import type { ReconfigurationView } from '../cluster/reconfiguration.ts'
import { etcdError } from '../errors.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { ServerCall } from '../grpc/call.ts'
import type { GrpcServer } from '../grpc/server.ts'
import { parseUrl } from '../listen-url.ts'
import { memberToJson } from '../member/change-context.ts'
import type { Member } from '../member/member.ts'

export interface ClusterDeps {
  readonly member: Member
  readonly clock: Clock
  readonly authenticator: Authenticator
  readonly isConnected: (id: bigint) => boolean
  /** Only the leader knows how far a learner is: it answers. */
  readonly promoteAtLeader: (id: bigint) => Promise<readonly MemberRecord[]>
  readonly config: ClusterConfig
}

export interface ClusterConfig {
  /** --strict-reconfig-check */
  readonly isStrict: boolean
  readonly learnersMax: number
}

/** A learner that has this share of the leader's log may vote; etcd: readyPercentThreshold. */
const readyShare = 0.9

/** The Cluster service. */
export function addCluster(server: GrpcServer, deps: ClusterDeps): void {
  const { member, config } = deps
  // Members are not part of the keys' history: etcd names no revision here.
  const header = () => ({ ...member.header(), revision: 0 })
  const list = () => ({ header: header(), members: member.state.membership.all() })
  const view = (): ReconfigurationView => ({
    membership: member.state.membership,
    ownId: member.id,
    isConnected: deps.isConnected,
  })
  const admin = async (call: ServerCall): Promise<void> => {
    if (!member.state.auth.isEnabled) return
    await member.whenReadable()
    member.state.auth.checkAdmin(deps.authenticator.identify(call))
  }
  server
    .async(ClusterService.MemberList, async ({ linearizable }) => {
      if (linearizable) await member.whenReadable()
      return list()
    })
    .async(ClusterService.MemberAdd, async ({ peerURLs, isLearner }, call) => {
      await admin(call)
      checkUrls(peerURLs)
      const seconds = Math.floor(deps.clock.now() / 1000)
      const added: MemberRecord = {
        ID: memberIdOf(peerURLs, '', seconds),
        name: '',
        peerURLs,
        clientURLs: [],
        isLearner,
      }
      member.state.membership.checkAdd(added, config.learnersMax)
      if (config.isStrict) checkSafeToAdd(view(), isLearner)
      const kind = isLearner ? 'addLearner' : 'addVoter'
      await member.changeMembers(confChange(kind, nodeIdOf(added.ID)), {
        member: memberToJson(added),
      })
      return { ...list(), member: added }
    })
    .async(ClusterService.MemberRemove, async ({ ID }, call) => {
      await admin(call)
      member.state.membership.checkRemove(ID)
      if (config.isStrict) checkSafeToRemove(view(), ID)
      await member.changeMembers(confChange('remove', nodeIdOf(ID)), {})
      return list()
    })
    .async(ClusterService.MemberUpdate, async ({ ID, peerURLs }, call) => {
      await admin(call)
      checkUrls(peerURLs)
      const before = member.state.membership.get(ID)
      if (!before) throw etcdError('memberNotFound')
      const memberUpdate = { ...before, peerURLs }
      member.state.membership.checkUpdate(memberUpdate)
      await member.submitted({ memberUpdate })
      return list()
    })
    .async(ClusterService.MemberPromote, async ({ ID }, call) => {
      await admin(call)
      const members = await deps.promoteAtLeader(ID)
      return { header: header(), members }
    })
}

/** At the leader: makes a learner a voter when it has caught up. */
export async function promoteLearner(
  member: Member,
  isStrict: boolean,
  id: bigint,
): Promise<readonly MemberRecord[]> {
  const { membership } = member.state
  const { followers, lastIndex } = member.host.status()
  const progress = followers.get(nodeIdOf(id))
  if (!progress) throw etcdError('memberNotFound')
  if (progress.match < lastIndex * readyShare) throw etcdError('learnerNotReady')
  membership.checkPromote(id)
  if (isStrict) checkSafeToPromote({ membership, ownId: member.id, isConnected: () => true })
  await member.changeMembers(confChange('addVoter', nodeIdOf(id)), { isPromotion: true })
  return member.state.membership.all()
}

function checkUrls(urls: readonly string[]): void {
  if (urls.length === 0) throw etcdError('badMemberUrls')
  for (const url of urls) {
    try {
      parseUrl(url)
    } catch {
      throw etcdError('badMemberUrls')
    }
  }
}
