import type { Clock, Logger, Timer } from '@kemu/base'
import { AlarmRequestAlarmAction, AlarmType } from '@kemu/rpc/etcd-codec'
import { PeerService } from '@kemu/rpc/raft-codec'
import type { Member } from '../member/member.ts'
import { hashOf } from '../mvcc/hash.ts'
import type { Revision } from '../mvcc/version.ts'
import type { PeerTransport } from '../peer/peer-transport.ts'
import { DataDirError } from '../wal/errors.ts'
import { findDifferent, judgeCompaction, judgeFollowers } from './corruption.ts'
import type { MemberHash, Verdict } from './corruption.ts'
import { nodeIdOf } from './member-id.ts'

export interface CorruptionCheckerDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly member: Member
  readonly transport: PeerTransport
  readonly config: CorruptionCheckerConfig
}

export interface CorruptionCheckerConfig {
  /** --corrupt-check-time; 0 is never. */
  readonly periodMs: number
  /** --compact-hash-check-time; 0 when the feature is off. */
  readonly compactPeriodMs: number
}

/** Members must hold the same: compares them, and raises the CORRUPT alarm when they do not. */
export class CorruptionChecker {
  readonly #deps: CorruptionCheckerDeps
  readonly #timers: Timer[] = []
  #comparedCompaction: Revision = 0

  constructor(deps: CorruptionCheckerDeps) {
    this.#deps = deps
    const { periodMs, compactPeriodMs } = deps.config
    if (periodMs > 0) this.#every(periodMs, () => this.#compareFollowers())
    if (compactPeriodMs > 0) this.#every(compactPeriodMs, () => this.#compareCompaction())
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel()
  }

  /** Before this member serves. Throws when another has different data; who cannot be reached is not asked. */
  async checkAtStart(): Promise<void> {
    const { member, logger } = this.#deps
    const own = hashOf(member.state.store, 0)
    const different = findDifferent(own, await this.#hashesOfOthers(own.hashRevision))
    if (different.length > 0) {
      const others = different.map(nodeIdOf).join(', ')
      throw new DataDirError(
        `${nodeIdOf(member.id)} found data inconsistency with peers: it differs from ${others} at revision ` +
          `${own.hashRevision}. Replace this member (etcdctl member remove, member add, an empty data directory), or ` +
          `restore the cluster from a snapshot.`,
      )
    }
    logger.info('The data agrees with that of the other members', { revision: own.hashRevision })
  }

  #every(periodMs: number, check: () => Promise<void>): void {
    const { clock, logger, member } = this.#deps
    let isRunning = false
    const timer = clock.setPeriodic(periodMs, () => {
      if (isRunning || !member.isLeader) return
      isRunning = true
      check()
        .catch((error: unknown) => logger.warn('Could not compare the members', { err: error }))
        .finally(() => {
          isRunning = false
        })
    })
    this.#timers.push(timer)
  }

  async #compareFollowers(): Promise<void> {
    const { member } = this.#deps
    const before = hashOf(member.state.store, 0)
    const peers = await this.#hashesOfOthers(before.hashRevision)
    await member.whenReadable()
    const { revision, compactRevision } = member.state.store
    this.#act(judgeFollowers(before, peers, { ...before, compactRevision, revision }))
  }

  async #compareCompaction(): Promise<void> {
    const { member } = this.#deps
    const { compactRevision } = member.state.store
    if (compactRevision <= this.#comparedCompaction) return
    const own = hashOf(member.state.store, compactRevision)
    const peers = (await this.#hashesOfOthers(compactRevision)).filter(
      (peer) => peer.compactRevision === compactRevision,
    )
    const all = [{ ...own, member: member.id, revision: member.state.store.revision }, ...peers]
    this.#act(judgeCompaction(all))
    // Some did not answer: the next time again.
    if (all.length === member.state.membership.all().length) {
      this.#comparedCompaction = compactRevision
    }
  }

  /** Who cannot be reached, or is not there yet, is left out. */
  async #hashesOfOthers(revision: Revision): Promise<MemberHash[]> {
    const { member, transport, logger } = this.#deps
    const others = member.state.membership.all().filter(({ ID }) => ID !== member.id)
    const asked = others.map(async ({ ID }) => {
      try {
        const channel = await transport.channel(ID)
        const answer = await channel.unary(PeerService.HashKV, { revision })
        const { hash, compactRevision, hashRevision } = answer
        const stands = answer.header?.revision ?? 0
        return [{ member: ID, hash, compactRevision, hashRevision, revision: stands }]
      } catch (error) {
        logger.warn('Cannot fetch the hash of a member', { member: nodeIdOf(ID), err: error })
        return []
      }
    })
    return (await Promise.all(asked)).flat()
  }

  #act(verdict: Verdict): void {
    switch (verdict.kind) {
      case 'consistent':
        return
      case 'corrupt':
        for (const member of verdict.members) this.#raise(member)
        return
      case 'everybody':
        this.#raise(0n)
        return
    }
  }

  #raise(memberID: bigint): void {
    const { member, logger } = this.#deps
    logger.error('Members hold different data; raising the CORRUPT alarm', {
      member: nodeIdOf(memberID),
    })
    const { ACTIVATE } = AlarmRequestAlarmAction
    member.submit({ alarm: { action: ACTIVATE, memberID, alarm: AlarmType.CORRUPT } }, (error) => {
      if (error) logger.warn('Could not raise the CORRUPT alarm', { err: error })
    })
  }
}
