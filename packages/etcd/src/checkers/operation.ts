/** A key as a client was shown it. */
export interface SeenKey {
  readonly key: string
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly lease: bigint
}

export type KvAction =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly kind: 'delete'; readonly key: string; readonly rangeEnd: string }
  | { readonly kind: 'range'; readonly key: string; readonly rangeEnd: string }

/** What a client asked. */
export type KvInput =
  | KvAction
  /** At a revision of the past, or of this member alone: not necessarily the newest. */
  | {
      readonly kind: 'oldRange'
      readonly key: string
      readonly rangeEnd: string
      /** 0: whatever the member has. */
      readonly revision: number
    }
  /** `compare`: each key must have been changed last at this revision; 0 when it must not be there. */
  | {
      readonly kind: 'txn'
      readonly compare: readonly { readonly key: string; readonly modRevision: number }[]
      readonly success: readonly KvAction[]
      readonly failure: readonly KvAction[]
    }

/** What it was told: the revision, and the result of each action. */
export interface KvOutput {
  readonly revision: number
  readonly succeeded: boolean
  readonly results: readonly ActionResult[]
}

export type ActionResult =
  | { readonly kind: 'put' }
  | { readonly kind: 'delete'; readonly deleted: number }
  | { readonly kind: 'range'; readonly keys: readonly SeenKey[] }

export interface Operation<Input, Output> {
  readonly client: string
  readonly input: Input
  /** Undefined: no answer came; it may have happened at any later time, or never. */
  readonly output: Output | undefined
  readonly calledAt: number
  /** Infinite when no answer came. */
  readonly returnedAt: number
}

export type KvOperation = Operation<KvInput, KvOutput>

/** A promise of the store was broken; `property` names which. */
export interface Violation {
  readonly property: string
  readonly detail: string
}

export function describeInput(input: KvInput): string {
  switch (input.kind) {
    case 'put':
      return `put ${input.key}=${input.value}${input.lease === 0n ? '' : ` lease ${input.lease}`}`
    case 'delete':
      return `delete ${describeRange(input)}`
    case 'range':
      return `range ${describeRange(input)}`
    case 'oldRange':
      return `range ${describeRange(input)} at ${input.revision || 'this member'}`
    case 'txn': {
      const compare = input.compare.map(({ key, modRevision }) => `${key}@${modRevision}`)
      const describe = (actions: readonly KvAction[]): string =>
        actions.map(describeInput).join(', ')
      return `txn if ${compare.join(' ')} then ${describe(input.success)} else ${describe(input.failure)}`
    }
  }
}

function describeRange({ key, rangeEnd }: { key: string; rangeEnd: string }): string {
  return rangeEnd === '' ? key : `[${key}, ${rangeEnd === '\0' ? '' : rangeEnd})`
}

export function describeOutput(output: KvOutput | undefined): string {
  if (!output) return 'no answer'
  const results = output.results.map((result) => {
    if (result.kind === 'range') {
      return `[${result.keys.map(({ key, value, modRevision }) => `${key}=${value}@${modRevision}`).join(' ')}]`
    }
    return result.kind === 'delete' ? `deleted ${result.deleted}` : 'done'
  })
  return `revision ${output.revision}${output.succeeded ? '' : ', compare failed'}: ${results.join(', ')}`
}
