import { SafetyCheckers, SafetyViolation } from '@kemu/raft/testing'
import { LeasePromises } from '../checkers/lease-promises.ts'
import type { Violation } from '../checkers/operation.ts'
import { changeOf, StoreHistory } from '../checkers/store-history.ts'
import type { Change } from '../checkers/store-history.ts'
import { messageFrom } from '../host/raft-codec.ts'
import type { Member } from '../member/member.ts'
import type { Machine } from './machine.ts'
import { readMail } from './raft-mail.ts'

interface Seen {
  member: Member
  revision: number
  applied: number
  leases: Set<bigint>
}

/** Looks at every member after each of its events, and at all raft mail: the checkers that are always on. */
export class Observer {
  readonly history = new StoreHistory()
  readonly leases: LeasePromises
  readonly violations: Violation[] = []
  readonly #raft = new SafetyCheckers()
  readonly #seen = new Map<string, Seen>()
  /** Times that somebody became leader. */
  elections = 0
  readonly #leaders = new Set<string>()
  readonly #votes = new Map<string, string>()

  constructor(clockRateMax: number) {
    this.leases = new LeasePromises(clockRateMax)
  }

  /** A member is about to begin. */
  onStarted(machine: Machine, member: Member): void {
    const leases = new Set(member.state.lessor.all().map(({ id }) => id))
    this.#seen.set(machine.name, { member, revision: 0, applied: -1, leases })
  }

  onEnded(machine: Machine): void {
    this.#seen.delete(machine.name)
    this.#raft.onCrash(machine.name)
  }

  onMail(from: string, data: Buffer): void {
    for (const wire of readMail(data)) {
      const message = messageFrom(wire)
      if (message?.type === 'append') {
        this.#guard(() => this.#raft.onAppend(from, message.entries, message.prevTerm))
      } else if (message?.type === 'voteResponse' && !message.reject) {
        this.#checkVote(message.from, message.term, message.to)
      } else if (message?.type === 'vote') this.#checkVote(message.from, message.term, message.from)
    }
  }

  /** After an event of this machine. */
  observe(name: string, nowMs: number): void {
    const seen = this.#seen.get(name)
    if (!seen) return
    const { host } = seen.member
    const status = host.status()
    this.#guard(() =>
      this.#raft.observe({ id: name, status, termAt: (index) => host.termAt(index) }),
    )
    if (status.role === 'leader' && !this.#leaders.has(`${name} ${status.term}`)) {
      this.#leaders.add(`${name} ${status.term}`)
      this.elections += 1
    }
    if (status.applied === seen.applied) return
    seen.applied = status.applied
    this.#look(name, seen)
    this.#lookAtLeases(seen, nowMs)
  }

  /** Members that stand at the same revision hold the same; leases and keys agree on who belongs to whom. */
  checkContents(name: string, member: Member): void {
    const { store, lessor } = member.state
    const expected = this.history.stateAt(Math.min(store.revision, this.history.last)).keys
    let count = 0
    store.forEachHead('\0', '\0', (head) => {
      if (head.version === 0) return
      count += 1
      const known = expected.get(head.key)
      if (known?.modRevision !== head.modRevision || known.value !== head.value) {
        this.#violate('State Machine Safety', `${name} holds ${head.key}@${head.modRevision}`)
      }
      if (head.lease !== 0n && !lessor.get(head.lease)?.keys.has(head.key)) {
        this.#violate(
          'Lease Keys',
          `${name} has ${head.key} of lease ${head.lease}, which has it not`,
        )
      }
    })
    if (count !== expected.size) {
      this.#violate('State Machine Safety', `${name} holds ${count} keys of ${expected.size}`)
    }
  }

  /** Each member has one vote in a term, whatever happens to it meanwhile (thesis section 3.6). */
  #checkVote(member: string, term: number, candidate: string): void {
    const vote = `${member} ${term}`
    const before = this.#votes.get(vote)
    this.#votes.set(vote, candidate)
    if (before === undefined || before === candidate) return
    this.#violate('One Vote', `${member} voted for ${before} and for ${candidate} in term ${term}`)
  }

  #look(name: string, seen: Seen): void {
    const { store } = seen.member.state
    // What was compacted is not whole any more.
    let revision = Math.max(seen.revision, store.compactRevision, 1) + 1
    if (store.revision < seen.revision) revision = store.revision + 1
    seen.revision = store.revision
    let changes: Change[] = []
    for (let at = store.log.indexOf(revision); at < store.log.length; at++) {
      const version = store.log.at(at)!
      changes.push(changeOf(version))
      if (store.log.at(at + 1)?.modRevision === version.modRevision) continue
      const violation = this.history.record(name, version.modRevision, changes)
      if (violation) this.violations.push(violation)
      changes = []
    }
  }

  #lookAtLeases(seen: Seen, nowMs: number): void {
    const { lessor } = seen.member.state
    for (const id of seen.leases) {
      if (lessor.get(id)) continue
      seen.leases.delete(id)
      this.leases.onGone(id, nowMs)
    }
    for (const { id } of lessor.all()) seen.leases.add(id)
  }

  #violate(property: string, detail: string): void {
    this.violations.push({ property, detail })
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (!(error instanceof SafetyViolation)) throw error
      this.#violate(error.property, error.message)
    }
  }
}
