import type { Entry, LogIndex, NodeId, Ready, Status, Term } from '../index.ts'

/** A promise of Raft was broken; `property` is its name in figure 3.2 of the thesis. */
export class SafetyViolation extends Error {
  override name = 'SafetyViolation'
  readonly property: string

  constructor(property: string, detail: string) {
    super(`${property}: ${detail}`)
    this.property = property
  }
}

/** What a simulation shows the checkers of one server after each of its steps. */
export interface Observation {
  readonly id: NodeId
  readonly status: Status
  /** The term of an entry in this server's log; undefined outside of it. */
  readonly termAt: (index: LogIndex) => Term | undefined
}

interface CommittedEntry {
  readonly term: Term
  /** The term of the server on which it was first seen committed. */
  readonly seenInTerm: Term
}

/**
 * The five properties of figure 3.2 and linearizable reads (section 6.4), checked after every step of every server
 * against all that was ever seen. Each check costs as much as the news it looks at.
 */
export class SafetyCheckers {
  readonly #leaders = new Map<Term, NodeId>()
  /** index/term of every entry ever written -> its data and the term before it. */
  readonly #entries = new Map<string, string>()
  readonly #committed = new Map<LogIndex, CommittedEntry>()
  readonly #applied = new Map<LogIndex, string>()
  /** The log of the present leader of each server's term, to see that it only grows. */
  readonly #leaderLogs = new Map<NodeId, { term: Term; terms: Map<LogIndex, Term> }>()
  readonly #progress = new Map<NodeId, { term: Term; committed: LogIndex }>()
  readonly #completeLeaders = new Set<Term>()
  #maxCommitted: LogIndex = 0

  /** The highest index that any server ever knew to be committed. */
  get maxCommitted(): LogIndex {
    return this.#maxCommitted
  }

  /** Entries that a server hands to its disk; `termBefore` is the term of the entry before the first. */
  onAppend(id: NodeId, entries: Ready['entries'], termBefore: Term | undefined): void {
    let before = termBefore
    for (const entry of entries) {
      const key = `${entry.index}/${entry.term}`
      const content = `${before ?? '?'} ${entry.type} ${Buffer.from(entry.data).toString('latin1')}`
      const known = this.#entries.get(key)
      if (known === undefined) this.#entries.set(key, content)
      else if (known !== content) {
        throw new SafetyViolation(
          'Log Matching',
          `${id} has another entry ${key}: (${content}), elsewhere (${known})`,
        )
      }
      before = entry.term
    }
  }

  /** An entry that a server applied. */
  onApply(id: NodeId, entry: Entry): void {
    const content = `${entry.term} ${entry.type} ${Buffer.from(entry.data).toString('latin1')}`
    const known = this.#applied.get(entry.index)
    if (known === undefined) this.#applied.set(entry.index, content)
    else if (known !== content) {
      throw new SafetyViolation(
        'State Machine Safety',
        `${id} applied (${content}) at ${entry.index}, another server (${known})`,
      )
    }
  }

  /** A read that was asked for when `committedBefore` was committed may be answered at `index`. */
  onRead(id: NodeId, committedBefore: LogIndex, index: LogIndex): void {
    if (index < committedBefore) {
      throw new SafetyViolation(
        'Linearizable Read',
        `${id} may read at ${index}, but ${committedBefore} was committed before it asked`,
      )
    }
  }

  /** A server lost its memory; what it knew of the commit may be gone with it. */
  onCrash(id: NodeId): void {
    this.#leaderLogs.delete(id)
    this.#progress.delete(id)
  }

  observe(observation: Observation): void {
    this.#checkMonotonic(observation)
    this.#checkCommitted(observation)
    if (observation.status.role !== 'leader') return
    this.#checkElectionSafety(observation)
    this.#checkAppendOnly(observation)
    this.#checkCompleteness(observation)
  }

  #checkMonotonic({ id, status: { term, committed } }: Observation): void {
    const before = this.#progress.get(id)
    if (before && (term < before.term || committed < before.committed)) {
      throw new SafetyViolation(
        'Monotonic State',
        `${id} went from term ${before.term} commit ${before.committed} to ${term} and ${committed}`,
      )
    }
    this.#progress.set(id, { term, committed })
  }

  /** What is committed stays, on every server (the induction behind State Machine Safety). */
  #checkCommitted({ id, status, termAt }: Observation): void {
    for (let index = status.committed; index > 0; index--) {
      const term = termAt(index)
      if (term === undefined) break
      const known = this.#committed.get(index)
      if (known?.term === term) break
      if (known) {
        throw new SafetyViolation(
          'State Machine Safety',
          `${id} committed ${index}/${term}, another server ${index}/${known.term}`,
        )
      }
      this.#committed.set(index, { term, seenInTerm: status.term })
      this.#maxCommitted = Math.max(this.#maxCommitted, index)
    }
  }

  #checkElectionSafety({ id, status: { term } }: Observation): void {
    const known = this.#leaders.get(term)
    if (known !== undefined && known !== id) {
      throw new SafetyViolation('Election Safety', `${known} and ${id} both lead term ${term}`)
    }
    this.#leaders.set(term, id)
  }

  #checkAppendOnly({ id, status, termAt }: Observation): void {
    let log = this.#leaderLogs.get(id)
    if (log?.term !== status.term) {
      log = { term: status.term, terms: new Map() }
      this.#leaderLogs.set(id, log)
    }
    for (let index = status.lastIndex; index > 0; index--) {
      const term = termAt(index)
      if (term === undefined || log.terms.get(index) === term) break
      if (log.terms.has(index)) {
        throw new SafetyViolation('Leader Append-Only', `${id} replaced its entry ${index}`)
      }
      log.terms.set(index, term)
    }
    if (log.terms.has(status.lastIndex + 1)) {
      throw new SafetyViolation('Leader Append-Only', `${id} cut its log to ${status.lastIndex}`)
    }
  }

  /** Once for each leader: it has all that was committed in earlier terms. */
  #checkCompleteness({ id, status, termAt }: Observation): void {
    if (this.#completeLeaders.has(status.term)) return
    this.#completeLeaders.add(status.term)
    for (let index = this.#maxCommitted; index > 0; index--) {
      const known = this.#committed.get(index)
      if (!known || known.seenInTerm >= status.term) continue
      const term = termAt(index)
      if (term === known.term) break
      const isCompacted = term === undefined && index <= status.applied
      if (isCompacted) break
      throw new SafetyViolation(
        'Leader Completeness',
        `${id} leads term ${status.term} without ${index}/${known.term}`,
      )
    }
  }
}
