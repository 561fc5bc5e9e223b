import { isInRange } from '../mvcc/key-range.ts'
import type { ActionResult, KvAction, KvInput, KvOutput, SeenKey } from './operation.ts'

/** A store of the simplest kind: what the clients' answers are held against. Never changed in place. */
export interface KvState {
  readonly revision: number
  readonly keys: ReadonlyMap<string, SeenKey>
}

/** The empty store; its first change has revision 2. */
export const emptyKv: KvState = { revision: 1, keys: new Map() }

/** What a request makes of a state, and how it is answered; `oldRange` is read from a state of the past. */
export function execute(state: KvState, input: KvInput): { state: KvState; output: KvOutput } {
  if (input.kind === 'oldRange') {
    return executeAll(state, true, [{ ...input, kind: 'range' }])
  }
  if (input.kind !== 'txn') return executeAll(state, true, [input])
  const succeeded = input.compare.every(
    ({ key, modRevision }) => (state.keys.get(key)?.modRevision ?? 0) === modRevision,
  )
  return executeAll(state, succeeded, succeeded ? input.success : input.failure)
}

/** The expiry of a lease, or whatever else takes keys away. */
export function remove(state: KvState, keys: readonly string[]): KvState {
  const left = new Map(state.keys)
  for (const key of keys) left.delete(key)
  return { revision: state.revision + 1, keys: left }
}

export function isWrite(input: KvInput): boolean {
  switch (input.kind) {
    case 'put':
    case 'delete':
      return true
    case 'range':
    case 'oldRange':
      return false
    case 'txn':
      return [...input.success, ...input.failure].some(isWrite)
  }
}

function executeAll(
  state: KvState,
  succeeded: boolean,
  actions: readonly KvAction[],
): { state: KvState; output: KvOutput } {
  const draft = { keys: state.keys, revision: state.revision, isChanged: false }
  const results = actions.map((action) => executeOne(draft, action))
  const revision = draft.isChanged ? state.revision + 1 : state.revision
  return {
    state: draft.isChanged ? { revision, keys: draft.keys } : state,
    output: { revision, succeeded, results },
  }
}

interface Draft {
  keys: ReadonlyMap<string, SeenKey>
  readonly revision: number
  isChanged: boolean
}

function executeOne(draft: Draft, action: KvAction): ActionResult {
  switch (action.kind) {
    case 'put': {
      const { key, value, lease } = action
      const before = draft.keys.get(key)
      const modRevision = draft.revision + 1
      const after: SeenKey = {
        key,
        value,
        createRevision: before?.createRevision ?? modRevision,
        modRevision,
        version: (before?.version ?? 0) + 1,
        lease,
      }
      draft.keys = new Map(draft.keys).set(key, after)
      draft.isChanged = true
      return { kind: 'put' }
    }
    case 'delete': {
      const doomed = inRange(draft.keys, action)
      if (doomed.length > 0) {
        const left = new Map(draft.keys)
        for (const { key } of doomed) left.delete(key)
        draft.keys = left
        draft.isChanged = true
      }
      return { kind: 'delete', deleted: doomed.length }
    }
    case 'range':
      return { kind: 'range', keys: inRange(draft.keys, action) }
  }
}

function inRange(
  keys: ReadonlyMap<string, SeenKey>,
  { key, rangeEnd }: { readonly key: string; readonly rangeEnd: string },
): SeenKey[] {
  return [...keys.values()]
    .filter((seen) => isInRange(seen.key, key, rangeEnd))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

export function isSameOutput(a: KvOutput, b: KvOutput): boolean {
  return a.revision === b.revision && a.succeeded === b.succeeded && textOf(a) === textOf(b)
}

/** One text for one value: to compare, and to remember states by. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`
    if (part instanceof Map) return [...part.values()].sort(byKey)
    return part
  })
}

function byKey(a: SeenKey, b: SeenKey): number {
  return a.key < b.key ? -1 : 1
}
