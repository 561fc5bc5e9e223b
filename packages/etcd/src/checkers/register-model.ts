import { checkLinearizable } from './linearizability.ts'
import type { Model, SearchBound, Verdict } from './linearizability.ts'
import type { Operation } from './operation.ts'

/** What a client asked of one key. */
export type RegisterInput =
  | { readonly kind: 'put'; readonly value: string }
  | { readonly kind: 'get' }
  /** Writes only when the value is the expected one. */
  | { readonly kind: 'swap'; readonly expected: string | undefined; readonly value: string }

/** What it was told. A get's value, a swap's success; nothing for a put. */
export type RegisterOutput =
  | { readonly kind: 'done' }
  | { readonly kind: 'value'; readonly value: string | undefined }
  | { readonly kind: 'swapped'; readonly isSwapped: boolean }

export type RegisterOperation = Operation<RegisterInput, RegisterOutput>

interface Register {
  readonly value: string | undefined
}

const register: Model<Register, RegisterInput, RegisterOutput> = {
  initial: { value: undefined },
  textOf: ({ value }) => (value === undefined ? '' : `=${value}`),
  step(state, input, output) {
    switch (input.kind) {
      case 'put':
        return { value: input.value }
      case 'get':
        return output?.kind === 'value' && output.value !== state.value ? undefined : state
      case 'swap': {
        const isSwapped = state.value === input.expected
        if (output?.kind === 'swapped' && output.isSwapped !== isSwapped) return undefined
        return isSwapped ? { value: input.value } : state
      }
    }
  },
}

/** Is one key a linearizable register? */
export function checkRegister(history: readonly RegisterOperation[], bound?: SearchBound): Verdict {
  return checkLinearizable(register, history, bound)
}
