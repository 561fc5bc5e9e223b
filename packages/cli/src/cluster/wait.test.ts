import t from 'tap'
import { statusError } from '@kemu/api'
import type { Clock } from '@kemu/base'
import { ConnectionError } from '@kemu/client'
import { insist } from './wait.ts'

/** Waits end at once, and time passes by as much. */
function hurriedClock(): Clock {
  let nowMs = 0
  const setTimer: Clock['setTimer'] = (delayMs, fire) => {
    nowMs += delayMs
    const handle = setImmediate(fire)
    return { cancel: () => clearImmediate(handle) }
  }
  return { now: () => nowMs, monotonicMs: () => nowMs, setTimer, setPeriodic: setTimer }
}

/** Fails with the errors, one after the other, and then succeeds. */
function failing(...errors: readonly Error[]): {
  work: () => Promise<string>
  calls: () => number
} {
  let calls = 0
  const work = async (): Promise<string> => {
    const error = errors[calls++]
    if (error) throw error
    return 'done'
  }
  return { work, calls: () => calls }
}

const never = new AbortController().signal
const dropped = statusError('InternalError', 'Internal error occurred: Connection dropped')

t.test('work is repeated while the API server fails or cannot be reached', async (t) => {
  const { work, calls } = failing(dropped, new ConnectionError('connect ECONNREFUSED'), dropped)
  t.equal(await insist(hurriedClock(), never, work), 'done')
  t.equal(calls(), 4)
})

t.test('what the API server refuses is not asked again', async (t) => {
  const refusal = statusError('Forbidden', 'no')
  const { work, calls } = failing(refusal)
  await t.rejects(insist(hurriedClock(), never, work), refusal)
  t.equal(calls(), 1)
})

t.test('our own mistakes are not repeated', async (t) => {
  const { work, calls } = failing(new TypeError('x is not a function'))
  await t.rejects(insist(hurriedClock(), never, work), TypeError)
  t.equal(calls(), 1)
})

t.test('a server that keeps failing is given up after a minute', async (t) => {
  const clock = hurriedClock()
  await t.rejects(
    insist(clock, never, () => Promise.reject(dropped)),
    dropped,
  )
  t.ok(clock.monotonicMs() >= 60_000)
})

t.test('an interrupt ends the repeats', async (t) => {
  const interrupt = new AbortController()
  const reason = new Error('interrupted')
  const work = async (): Promise<never> => {
    interrupt.abort(reason)
    throw dropped
  }
  await t.rejects(insist(hurriedClock(), interrupt.signal, work), reason)
})
