import t from 'tap'
import { Inflights } from './inflights.ts'
import { Progress } from './progress.ts'

function progress(match: number, next: number): Progress {
  return new Progress(match, next, new Inflights(3), false)
}

t.test('a probe sends one message and waits', (t) => {
  const p = progress(0, 5)
  t.notOk(p.isPaused())
  p.sentEntries(1, 10)
  t.ok(p.isPaused())
  t.equal(p.next, 5, 'it does not run ahead')
  p.maybeUpdate(5)
  t.notOk(p.isPaused())
  t.end()
})

t.test('replication runs ahead of the acknowledgements up to its window', (t) => {
  const p = progress(4, 5)
  p.becomeReplicate()
  p.sentEntries(2, 10)
  p.sentEntries(1, 10)
  t.equal(p.next, 8)
  t.notOk(p.isPaused())
  p.sentEntries(1, 10)
  t.ok(p.isPaused())
  p.inflights.freeTo(6)
  t.notOk(p.isPaused())
  t.end()
})

t.test('a window can also be full of bytes', (t) => {
  const window = new Inflights(10, 100)
  window.add(1, 60)
  t.notOk(window.isFull())
  window.add(2, 60)
  t.ok(window.isFull())
  window.freeTo(1)
  t.notOk(window.isFull())
  t.end()
})

t.test('a refusal takes a probe back to the hint, never below what matches', (t) => {
  const p = progress(3, 10)
  t.ok(p.maybeDecreaseTo(9, 6))
  t.equal(p.next, 7)
  t.ok(p.maybeDecreaseTo(6, 1))
  t.equal(p.next, 4)
  t.notOk(p.maybeDecreaseTo(9, 1), 'an old refusal changes nothing')
  t.end()
})

t.test('a refusal while replicating goes back to what matches', (t) => {
  const p = progress(3, 4)
  p.becomeReplicate()
  p.sentEntries(5, 10)
  t.notOk(p.maybeDecreaseTo(3, 0), 'it was acknowledged already')
  t.ok(p.maybeDecreaseTo(8, 8))
  t.equal(p.next, 4)
  t.end()
})

t.test('after a snapshot the probe begins behind it', (t) => {
  const p = progress(0, 5)
  p.becomeSnapshot(20)
  t.ok(p.isPaused())
  p.becomeProbe()
  t.equal(p.next, 21)
  t.end()
})
