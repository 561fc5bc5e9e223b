import { emptyKv, execute, isSameOutput, isWrite, remove, textOf } from './kv-model.ts'
import type { KvState } from './kv-model.ts'
import { checkLinearizable } from './linearizability.ts'
import type { Model, SearchBound, Verdict } from './linearizability.ts'
import type { KvInput, KvOperation, KvOutput, Operation } from './operation.ts'
import { isEndOfLease } from './revision-order.ts'
import type { StoreHistory } from './store-history.ts'

/** The end of a lease: nobody asked for it at that moment. */
interface Expiry {
  readonly kind: 'expiry'
  readonly keys: readonly string[]
  readonly revision: number
}

const store: Model<KvState, KvInput | Expiry, KvOutput> = {
  initial: emptyKv,
  textOf: (state) => `${state.revision} ${textOf(state.keys)}`,
  step(state, input, output) {
    if (input.kind === 'expiry') {
      return state.revision === input.revision - 1 ? remove(state, input.keys) : undefined
    }
    const next = execute(state, input)
    // Without an answer, what changes nothing need not be tried.
    if (!output) return next.state === state ? undefined : next.state
    return isSameOutput(next.output, output) ? next.state : undefined
  },
}

/**
 * Strict serializability of the whole store by search, without trust in the revisions' order: any order that explains
 * all answers will do. The store's history only tells when leases ended.
 */
export function searchSerialOrder(
  history: StoreHistory,
  operations: readonly KvOperation[],
  bound?: SearchBound,
): Verdict {
  const current: Operation<KvInput | Expiry, KvOutput>[] = operations.filter(
    ({ input, output }) => input.kind !== 'oldRange' && (output || isWrite(input)),
  )
  for (let revision = 2; revision <= history.last; revision++) {
    if (!isEndOfLease(history, revision)) continue
    const keys = history.changesAt(revision).map(({ key }) => key)
    const input: Expiry = { kind: 'expiry', keys, revision }
    const forever = Number.POSITIVE_INFINITY
    current.push({ client: 'lessor', input, output: undefined, calledAt: 0, returnedAt: forever })
  }
  return checkLinearizable(store, current, bound)
}
