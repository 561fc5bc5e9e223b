import type { Operation } from './operation.ts'

/** What a history is held against. */
export interface Model<State, Input, Output> {
  readonly initial: State
  /** The state after the operation when its answer fits; undefined when it does not. Without an answer all fit. */
  readonly step: (state: State, input: Input, output: Output | undefined) => State | undefined
  /** Equal for equal states. */
  readonly textOf: (state: State) => string
}

/** `unknown`: the search was given up, at its bound or because it was interrupted. */
export type Verdict = 'linearizable' | 'violated' | 'unknown'

export interface SearchBound {
  readonly stepsMax?: number
  /** Asked now and then; true gives up. */
  readonly isInterrupted?: () => boolean
}

/** A call or a return in the list of all of them, in the order of time. */
interface Mark {
  readonly index: number
  readonly at: number
  /** Of a call: its return. */
  readonly match: Mark | undefined
  previous: Mark | undefined
  next: Mark | undefined
}

interface Lifted<State> {
  readonly call: Mark
  readonly before: State
}

const stepsBetweenQuestions = 1000

/**
 * Is there an order of the operations, in which each takes effect between its call and its return, that explains every
 * answer? After Wing and Gong, with Lowe's memory of the configurations that were tried and his list of calls and
 * returns (as Porcupine). An operation without an answer may take effect at any time after its call, or never.
 */
export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  { stepsMax = 1_000_000, isInterrupted = () => false }: SearchBound = {},
): Verdict {
  const head = marksOf(history)
  const done = new Uint32Array(Math.ceil(history.length / 32))
  const tried = new Set<string>()
  const stack: Lifted<State>[] = []
  let state = model.initial
  let steps = 0
  let mark = head.next
  for (;;) {
    // All that were answered have their place.
    if (!mark || mark.at === Number.POSITIVE_INFINITY) return 'linearizable'
    steps += 1
    if (steps > stepsMax) return 'unknown'
    if (steps % stepsBetweenQuestions === 0 && isInterrupted()) return 'unknown'
    if (mark.match) {
      const { input, output } = history[mark.index]!
      const next = model.step(state, input, output)
      if (next !== undefined && isNew(mark.index, next)) {
        stack.push({ call: mark, before: state })
        state = next
        lift(mark)
        mark = head.next
      } else mark = mark.next
      continue
    }
    // An operation returns here that has found no place: the last choice was wrong.
    const last = stack.pop()
    if (!last) return 'violated'
    unlift(last.call)
    done[last.call.index >>> 5]! &= ~(1 << (last.call.index & 31))
    state = last.before
    mark = last.call.next
  }

  function isNew(index: number, next: State): boolean {
    done[index >>> 5]! |= 1 << (index & 31)
    const configuration = `${done.join()} ${model.textOf(next)}`
    if (!tried.has(configuration)) {
      tried.add(configuration)
      return true
    }
    done[index >>> 5]! &= ~(1 << (index & 31))
    return false
  }
}

/** The list, behind a mark of its own. */
function marksOf(history: readonly Operation<unknown, unknown>[]): Mark {
  const marks: Mark[] = []
  history.forEach(({ calledAt, returnedAt, output }, index) => {
    const at = output === undefined ? Number.POSITIVE_INFINITY : returnedAt
    const end: Mark = { index, at, match: undefined, previous: undefined, next: undefined }
    marks.push({ index, at: calledAt, match: end, previous: undefined, next: undefined }, end)
  })
  // At the same moment calls come first: who could overlap does.
  marks.sort((a, b) => (a.at === b.at ? Number(!a.match) - Number(!b.match) : a.at - b.at))
  const head: Mark = { index: -1, at: -1, match: undefined, previous: undefined, next: undefined }
  let last = head
  for (const mark of marks) {
    last.next = mark
    mark.previous = last
    last = mark
  }
  return head
}

/** Takes a call and its return out of the list. */
function lift(call: Mark): void {
  unlink(call)
  unlink(call.match!)
}

function unlift(call: Mark): void {
  relink(call.match!)
  relink(call)
}

function unlink(mark: Mark): void {
  mark.previous!.next = mark.next
  if (mark.next) mark.next.previous = mark.previous
}

function relink(mark: Mark): void {
  mark.previous!.next = mark
  if (mark.next) mark.next.previous = mark
}
