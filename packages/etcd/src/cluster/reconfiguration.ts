import type { Member } from '@kemu/rpc/etcd-codec'
import { etcdError } from '../errors.ts'
import type { Membership } from './membership.ts'

/** What a change of the members must not cost: a quorum of those that have been seen. */
export interface ReconfigurationView {
  readonly membership: Membership
  readonly ownId: bigint
  readonly isConnected: (id: bigint) => boolean
}

/** etcd: IsReadyToAddVotingMember and the health check beside it. Throws the refusal. */
export function checkSafeToAdd(view: ReconfigurationView, isLearner: boolean): void {
  const voters = view.membership.voters()
  const started = voters.filter(isStarted).length
  // A cluster of one may always grow: how else could its data be brought to more members?
  const isGrowingFromOne = started === 1 && voters.length === 1
  if (!isLearner && !isGrowingFromOne && started < quorumOf(voters.length + 1)) {
    throw etcdError('notEnoughStarted')
  }
  if (!voters.every(({ ID }) => view.isConnected(ID))) throw etcdError('unhealthy')
}

/** etcd: mayRemoveMember. */
export function checkSafeToRemove(view: ReconfigurationView, id: bigint): void {
  const member = view.membership.get(id)
  if (!member || member.isLearner) return
  const voters = view.membership.voters()
  const rest = voters.filter(({ ID }) => ID !== id)
  if (rest.filter(isStarted).length < quorumOf(rest.length)) throw etcdError('notEnoughStarted')
  // One that is down is no part of the quorum that holds now.
  if (id !== view.ownId && !view.isConnected(id)) return
  const active = voters.filter(({ ID }) => view.isConnected(ID)).length
  if (active - 1 < 1 + Math.floor((voters.length - 1) / 2)) throw etcdError('unhealthy')
}

/** etcd: IsReadyToPromoteMember; the learner counts as started. */
export function checkSafeToPromote({ membership }: ReconfigurationView): void {
  const voters = membership.voters()
  const started = voters.filter(isStarted).length + 1
  if (started < quorumOf(voters.length + 1)) throw etcdError('notEnoughStarted')
}

function isStarted({ name }: Member): boolean {
  return name !== ''
}

function quorumOf(members: number): number {
  return Math.floor(members / 2) + 1
}
