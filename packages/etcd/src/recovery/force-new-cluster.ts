import { confStateOf, decodeConfChange } from '@kemu/raft'
import type { Entry } from '@kemu/raft'
import { decodeMessage } from '@kemu/rpc/protobuf'
import { LogRequest } from '@kemu/rpc/raft-codec'
import type { Bootstrap } from '../bootstrap.ts'
import { nodeIdOf } from '../cluster/member-id.ts'
import { GrpcError } from '../grpc/status.ts'
import { replaySaves } from '../host/log-storage.ts'
import { noteChange, parseContext } from '../member/change-context.ts'
import { beginSnapshot } from '../snapshot/snapshot-writer.ts'
import type { StateMachine } from '../state/state-machine.ts'
import { saved } from './restore.ts'

/**
 * After a lost quorum: this member alone goes on, with everything in its log. How much of that is committed the disk
 * does not say exactly (a commit index alone is not written), and what was acknowledged must not go. An entry at the
 * end that nobody else had is a write whose outcome its client does not know: it may take effect. Every other member is
 * dropped, and must not come back with its old data.
 */
export async function forceNewCluster(boot: Bootstrap): Promise<Bootstrap> {
  const { memory, state, metadata, memberId, clusterId, snapshots, wal } = boot
  const { term } = memory.initialState().hardState
  const last = memory.lastIndex()
  for (let low = metadata.index + 1; low <= last;) {
    const entries = memory.entries(low, last + 1, 1 << 20)
    for (const entry of entries) applyAlone(state, entry)
    low += entries.length
  }
  const own = state.membership.get(memberId)
  const others = state.membership.all().filter(({ ID }) => ID !== memberId)
  for (const { ID } of others) state.membership.remove(ID)
  if (own?.isLearner) state.membership.promote(memberId)
  const confState = confStateOf([nodeIdOf(memberId)])
  // A term that no other member has seen: should one come back, it cannot pass for a member of this cluster.
  const point = { index: last, term: term + 1, confState }
  await snapshots.write(point, beginSnapshot(state, { clusterId, point }))
  await saved(wal, { ...point, received: true })
  state.store.takeChanges()
  return { ...boot, memory: replaySaves([], point), metadata: point }
}

function applyAlone(state: StateMachine, { type, data, term }: Entry): void {
  if (data.length === 0) return
  try {
    if (type === 'confChange') {
      const change = decodeConfChange(data)
      noteChange(state.membership, change, parseContext(change.context))
    } else {
      const request = decodeMessage(LogRequest, Buffer.from(data))
      if (!request.leaderTerm || request.leaderTerm === term) state.apply(request)
    }
  } catch (error) {
    // A refused request changed nothing then and changes nothing now.
    if (!(error instanceof GrpcError)) throw error
  }
}
