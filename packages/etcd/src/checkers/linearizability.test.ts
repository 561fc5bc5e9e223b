import { seededRandom } from '@kemu/base'
import t from 'tap'
import { checkRegister } from './register-model.ts'
import type { RegisterInput, RegisterOperation, RegisterOutput } from './register-model.ts'

const never = Number.POSITIVE_INFINITY

function op(
  input: RegisterInput,
  output: RegisterOutput | undefined,
  calledAt: number,
  returnedAt: number,
): RegisterOperation {
  return { client: 'c', input, output, calledAt, returnedAt }
}

const put = (value: string, from: number, to: number): RegisterOperation =>
  op({ kind: 'put', value }, to === never ? undefined : { kind: 'done' }, from, to)
const get = (value: string | undefined, from: number, to: number): RegisterOperation =>
  op({ kind: 'get' }, { kind: 'value', value }, from, to)
const swap = (expected: string, value: string, isSwapped: boolean, from: number, to: number) =>
  op({ kind: 'swap', expected, value }, { kind: 'swapped', isSwapped }, from, to)

const cases: [name: string, history: RegisterOperation[], expected: string][] = [
  ['one after the other', [put('a', 0, 1), get('a', 2, 3)], 'linearizable'],
  ['a stale read', [put('a', 0, 1), put('b', 2, 3), get('a', 4, 5)], 'violated'],
  [
    'a read beside a write may see either',
    [put('a', 0, 1), put('b', 2, 9), get('a', 3, 4), get('b', 5, 6)],
    'linearizable',
  ],
  ['but not go back', [put('a', 0, 1), put('b', 2, 9), get('b', 3, 4), get('a', 5, 6)], 'violated'],
  ['a lost write', [put('a', 0, 1), get(undefined, 2, 3)], 'violated'],
  [
    'an unanswered write may come late',
    [put('a', 0, 1), put('b', 2, never), get('a', 3, 4), get('b', 50, 60)],
    'linearizable',
  ],
  ['or never', [put('a', 0, 1), put('b', 2, never), get('a', 50, 60)], 'linearizable'],
  [
    'but not come and go',
    [put('a', 0, 1), put('b', 2, never), get('b', 3, 4), get('a', 5, 6)],
    'violated',
  ],
  [
    'two swaps of one value',
    [put('a', 0, 1), swap('a', 'b', true, 2, 5), swap('a', 'c', true, 3, 6)],
    'violated',
  ],
  [
    'one of them fails',
    [put('a', 0, 1), swap('a', 'b', true, 2, 5), swap('a', 'c', false, 3, 6)],
    'linearizable',
  ],
]
for (const [name, history, expected] of cases) {
  t.test(`${name}: ${expected}`, (t) => {
    t.equal(checkRegister(history), expected)
    t.end()
  })
}

/** Clients of a register that takes each operation at a random moment between call and return. */
function honestHistory(seed: number, operations: number, clients: number): RegisterOperation[] {
  const random = seededRandom(seed)
  let value: string | undefined
  let now = 0
  const history: RegisterOperation[] = []
  const running = new Map<
    number,
    { input: RegisterInput; calledAt: number; output?: RegisterOutput }
  >()
  for (let i = 0; history.length < operations; i++) {
    now += 1
    const client = random.int(clients)
    const current = running.get(client)
    if (!current) {
      const kinds: RegisterInput[] = [
        { kind: 'put', value: `${i}` },
        { kind: 'get' },
        { kind: 'swap', expected: value, value: `${i}` },
      ]
      running.set(client, { input: kinds[random.int(3)]!, calledAt: now })
    } else if (!current.output) {
      const { input } = current
      if (input.kind === 'put') value = input.value
      const isSwapped = input.kind === 'swap' && value === input.expected
      if (input.kind === 'swap' && isSwapped) value = input.value
      current.output =
        input.kind === 'put'
          ? { kind: 'done' }
          : input.kind === 'get'
            ? { kind: 'value', value }
            : { kind: 'swapped', isSwapped }
    } else {
      history.push(op(current.input, current.output, current.calledAt, now))
      running.delete(client)
    }
  }
  // Those that had not returned may have taken effect.
  for (const { input, calledAt } of running.values()) {
    history.push(op(input, undefined, calledAt, never))
  }
  return history
}

t.test('an honest register passes, and one changed answer is noticed', (t) => {
  let noticed = 0
  for (let seed = 1; seed <= 60; seed++) {
    const history = honestHistory(seed, 60, 5)
    t.equal(checkRegister(history), 'linearizable')
    const at = history.findLastIndex(({ output }) => output?.kind === 'value')
    const lie: RegisterOutput = { kind: 'value', value: 'never written' }
    const changed = history.map((o, i) => (i === at ? { ...o, output: lie } : o))
    if (checkRegister(changed) === 'violated') noticed += 1
  }
  t.equal(noticed, 60)
  t.end()
})

t.test('gives up at its bound and says so', (t) => {
  t.equal(checkRegister(honestHistory(1, 200, 8), { stepsMax: 3 }), 'unknown')
  t.end()
})
