import { emptyKv, execute, isSameOutput, remove } from './kv-model.ts'
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

/** A write without an answer that was seen to have made this revision. */
interface SeenWrite {
  readonly kind: 'seenWrite'
  readonly input: KvInput
  readonly revision: number
}

type Step = KvInput | Expiry | SeenWrite

const store: Model<KvState, Step, KvOutput> = {
  initial: emptyKv,
  textOf: (state) => `${state.revision} ${contentsOf(state)}`,
  step(state, input, output) {
    if (input.kind === 'expiry') {
      return state.revision === input.revision - 1 ? remove(state, input.keys) : undefined
    }
    if (input.kind === 'seenWrite') {
      const next = execute(state, input.input).state
      return next.revision === input.revision && next !== state ? next : undefined
    }
    // Most fail here, at no cost.
    const steps = output ? output.revision - state.revision : 0
    if (steps !== 0 && steps !== 1) return undefined
    const next = execute(state, input)
    return output && isSameOutput(next.output, output) ? next.state : undefined
  },
}

/** Equal for equal contents. */
function contentsOf({ keys }: KvState): string {
  const texts: string[] = []
  for (const { key, value, modRevision, version, lease } of keys.values()) {
    texts.push(`${key}=${value}@${modRevision}.${version}.${lease}`)
  }
  return texts.sort().join(' ')
}

/**
 * Strict serializability of the whole store by search, without trust in the revisions' order: any order that explains
 * all answers will do. The store's history only tells when leases ended and which writes without an answer were made
 * (as etcd's robustness tests learn it from watches).
 */
export function searchSerialOrder(
  history: StoreHistory,
  operations: readonly KvOperation[],
  causes: ReadonlyMap<number, KvOperation>,
  bound?: SearchBound,
): Verdict {
  const current: Operation<Step, KvOutput>[] = operations.filter(
    ({ input, output }) => input.kind !== 'oldRange' && output,
  )
  for (const [revision, operation] of causes) {
    if (operation.output) continue
    const input: SeenWrite = { kind: 'seenWrite', input: operation.input, revision }
    current.push({ ...operation, input })
  }
  for (let revision = 2; revision <= history.last; revision++) {
    if (causes.has(revision) || !isEndOfLease(history, revision)) continue
    const keys = history.changesAt(revision).map(({ key }) => key)
    const input: Expiry = { kind: 'expiry', keys, revision }
    const forever = Number.POSITIVE_INFINITY
    current.push({ client: 'lessor', input, output: undefined, calledAt: 0, returnedAt: forever })
  }
  return checkLinearizable(store, current, bound)
}
