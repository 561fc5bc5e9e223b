import { execute, isSameOutput, isWrite, textOf } from './kv-model.ts'
import { describeInput, describeOutput } from './operation.ts'
import type { KvOperation, Violation } from './operation.ts'
import type { StoreHistory } from './store-history.ts'

const property = 'Strict Serializability'

export interface RevisionOrder {
  readonly violations: readonly Violation[]
  /** The operation that made each revision; the ends of leases have none. */
  readonly causes: ReadonlyMap<number, KvOperation>
}

/**
 * Strict serializability with the revisions as witness: each write is the one cause of its revision, each answer is
 * what the store of that revision gives, nothing else has changed the store but the end of leases, and no operation
 * stands before one that had returned when it was called. Costs little more than reading the history once.
 */
export function checkRevisionOrder(
  history: StoreHistory,
  operations: readonly KvOperation[],
): RevisionOrder {
  const causes = new Map<number, KvOperation>()
  const gaps = history.gaps()
  if (gaps.length > 0) {
    const detail = `revisions ${gaps.join(', ')} are nowhere to be seen`
    return { violations: [{ property: 'No Gaps', detail }], causes }
  }
  const answered = operations.filter(({ output }) => output)
  const violations = [
    ...answered.flatMap((operation) => checkAnswer(history, operation, causes)),
    ...checkRealTime(answered),
    ...checkCauses(history, operations, causes),
  ]
  return { violations, causes }
}

function checkAnswer(
  history: StoreHistory,
  operation: KvOperation,
  causes: Map<number, KvOperation>,
): Violation[] {
  const { input, client } = operation
  const output = operation.output!
  const wrong = (detail: string): Violation[] => [
    {
      property,
      detail: `${client}: ${describeInput(input)} -> ${describeOutput(output)}: ${detail}`,
    },
  ]
  const { revision } = output
  if (revision > history.last) return wrong(`no member has got to that revision`)
  if (input.kind === 'oldRange') {
    const state = history.stateAt(input.revision || revision)
    const expected = execute(state, input).output
    if (textOf(expected.results) === textOf(output.results)) return []
    return wrong(`at that revision there was ${describeOutput(expected)}`)
  }
  const asRead = execute(history.stateAt(revision), input)
  const changesNothing = asRead.state.revision === revision
  if (changesNothing && isSameOutput(asRead.output, output)) return []
  if (!isWrite(input)) return wrong(`there was ${describeOutput(asRead.output)}`)
  const other = causes.get(revision)
  if (other) return wrong(`that revision is the one of ${describeInput(other.input)} too`)
  causes.set(revision, operation)
  if (revision < 2) return wrong(`no write has that revision`)
  const asWrite = execute(history.stateAt(revision - 1), input)
  if (!isSameOutput(asWrite.output, output)) {
    return wrong(`the store before would have said ${describeOutput(asWrite.output)}`)
  }
  if (textOf(asWrite.state.keys) !== textOf(history.stateAt(revision).keys)) {
    return wrong(`but revision ${revision} changed ${textOf(history.changesAt(revision))}`)
  }
  return []
}

/** What has returned before a call is seen by it. */
function checkRealTime(answered: readonly KvOperation[]): Violation[] {
  const current = answered.filter(({ input }) => input.kind !== 'oldRange')
  const byCall = [...current].sort((a, b) => a.calledAt - b.calledAt)
  const byReturn = [...current].sort((a, b) => a.returnedAt - b.returnedAt)
  const violations: Violation[] = []
  let newest: KvOperation | undefined
  let at = 0
  for (const operation of byCall) {
    while (at < byReturn.length && byReturn[at]!.returnedAt < operation.calledAt) {
      const returned = byReturn[at++]!
      if (!newest || returned.output!.revision > newest.output!.revision) newest = returned
    }
    if (newest && operation.output!.revision < newest.output!.revision) {
      violations.push({
        property,
        detail:
          `${operation.client}: ${describeInput(operation.input)} -> ${describeOutput(operation.output)}: ` +
          `older than ${describeInput(newest.input)} (revision ${newest.output!.revision}), which had returned before`,
      })
    }
  }
  return violations
}

/** Each revision was asked for by one operation, or is the end of a lease. */
function checkCauses(
  history: StoreHistory,
  operations: readonly KvOperation[],
  causes: Map<number, KvOperation>,
): Violation[] {
  const unanswered = new Set(operations.filter(({ output, input }) => !output && isWrite(input)))
  const violations: Violation[] = []
  const seenAt = firstSeenAt(history, operations)
  for (let revision = 2; revision <= history.last; revision++) {
    if (causes.has(revision)) continue
    const cause = findCause(history, revision, unanswered, seenAt[revision]!)
    if (cause) {
      unanswered.delete(cause)
      causes.set(revision, cause)
    } else if (!isEndOfLease(history, revision)) {
      const changes = textOf(history.changesAt(revision))
      violations.push({
        property,
        detail: `nobody, or somebody only once, asked for revision ${revision}: ${changes}`,
      })
    }
  }
  return violations
}

/** When each revision, or a later one, was first shown to a client. */
function firstSeenAt(history: StoreHistory, operations: readonly KvOperation[]): number[] {
  const seenAt = Array.from({ length: history.last + 2 }, () => Number.POSITIVE_INFINITY)
  for (const { output, returnedAt } of operations) {
    if (!output || output.revision > history.last) continue
    seenAt[output.revision] = Math.min(seenAt[output.revision]!, returnedAt)
  }
  for (let at = history.last; at >= 0; at--) seenAt[at] = Math.min(seenAt[at]!, seenAt[at + 1]!)
  return seenAt
}

/** An operation without an answer that explains a revision, and was called before somebody saw that. */
function findCause(
  history: StoreHistory,
  revision: number,
  unanswered: ReadonlySet<KvOperation>,
  seenAt: number,
): KvOperation | undefined {
  const before = history.stateAt(revision - 1)
  const after = textOf(history.stateAt(revision).keys)
  for (const operation of unanswered) {
    if (operation.calledAt > seenAt) continue
    const { state } = execute(before, operation.input)
    if (state.revision === revision && textOf(state.keys) === after) return operation
  }
  return undefined
}

/** All keys of one lease go, at once and alone. */
export function isEndOfLease(history: StoreHistory, revision: number): boolean {
  const { keys } = history.stateAt(revision - 1)
  const changes = history.changesAt(revision)
  const leases = new Set(changes.map(({ key }) => keys.get(key)?.lease ?? 0n))
  const [lease] = leases
  if (leases.size !== 1 || !lease || changes.some(({ isDeletion }) => !isDeletion)) return false
  return [...keys.values()].filter((seen) => seen.lease === lease).length === changes.length
}
