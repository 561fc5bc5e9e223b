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

export interface Operation {
  readonly input: RegisterInput
  /** Undefined: no answer came; it may have happened at any later time, or never. */
  readonly output: RegisterOutput | undefined
  readonly calledAt: number
  /** Infinite when no answer came. */
  readonly returnedAt: number
}

/** `unknown`: the search was given up at its bound. */
export type Verdict = 'linearizable' | 'violated' | 'unknown'

/**
 * Is there an order of the operations on one key, in which each takes effect between its call and its return, that
 * explains every answer? After Wing and Gong, with Lowe's memory of the configurations that were tried (as Porcupine).
 */
export function checkRegister(history: readonly Operation[], stepsMax = 1_000_000): Verdict {
  const operations = [...history].sort((a, b) => a.calledAt - b.calledAt)
  const done = new Uint8Array(operations.length)
  const tried = new Set<string>()
  let steps = 0

  /** Operations that no other must precede: called before the first return among those that are left. */
  const candidates = (): number[] => {
    let firstReturn = Number.POSITIVE_INFINITY
    operations.forEach((op, i) => {
      if (!done[i]) firstReturn = Math.min(firstReturn, op.returnedAt)
    })
    return operations.flatMap((op, i) => (!done[i] && op.calledAt <= firstReturn ? [i] : []))
  }

  const search = (value: string | undefined): Verdict => {
    if (operations.every((op, i) => done[i] || op.output === undefined)) return 'linearizable'
    const configuration = `${done.join('')} ${JSON.stringify(value) ?? ''}`
    if (tried.has(configuration)) return 'violated'
    tried.add(configuration)
    if (++steps > stepsMax) return 'unknown'
    for (const i of candidates()) {
      const next = step(value, operations[i]!)
      if (next === impossible) continue
      done[i] = 1
      const verdict = search(next)
      if (verdict !== 'violated') return verdict
      done[i] = 0
    }
    return 'violated'
  }
  return search(undefined)
}

const impossible = Symbol('the answer does not fit')

/** The value after an operation, if its answer fits the value before. */
function step(
  value: string | undefined,
  { input, output }: Operation,
): string | undefined | typeof impossible {
  switch (input.kind) {
    case 'put':
      return input.value
    case 'get':
      return output?.kind === 'value' && output.value !== value ? impossible : value
    case 'swap': {
      const isSwapped = value === input.expected
      if (output?.kind === 'swapped' && output.isSwapped !== isSwapped) return impossible
      return isSwapped ? input.value : value
    }
  }
}
