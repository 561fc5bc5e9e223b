import t from 'tap'
import { MemoryStorage } from './log/memory-storage.ts'
import { RaftLog } from './log/raft-log.ts'
import type { Entry } from './types.ts'

function entry(index: number, term: number): Entry {
  return { index, term, type: 'normal', data: Buffer.from(`${index}/${term}`) }
}

/** 1/1 2/1 3/2 on disk, 4/2 5/3 not yet. */
function exampleLog(): RaftLog {
  const storage = new MemoryStorage()
  storage.append([entry(1, 1), entry(2, 1), entry(3, 2)])
  const log = new RaftLog(storage, 0)
  log.append([entry(4, 2), entry(5, 3)])
  return log
}

t.test('knows the term of each entry, on disk or not', (t) => {
  const log = exampleLog()
  t.same(
    [1, 2, 3, 4, 5, 6].map((index) => log.term(index)),
    [1, 1, 2, 2, 3, undefined],
  )
  t.equal(log.lastIndex(), 5)
  t.end()
})

t.test('refuses an append whose predecessor is missing or different (section 3.5)', (t) => {
  t.equal(exampleLog().maybeAppend(6, 3, [entry(7, 3)]), undefined)
  t.equal(exampleLog().maybeAppend(5, 2, [entry(6, 3)]), undefined)
  t.end()
})

t.test('a late append that is there already cuts nothing off', (t) => {
  const log = exampleLog()
  t.equal(log.maybeAppend(1, 1, [entry(2, 1)]), 2)
  t.equal(log.lastIndex(), 5)
  t.end()
})

t.test('entries of another term replace ours and all after them', (t) => {
  const log = exampleLog()
  t.equal(log.maybeAppend(2, 1, [entry(3, 4)]), 3)
  t.equal(log.lastIndex(), 3)
  t.equal(log.term(3), 4)
  t.same(
    log.unstable.nextEntries().map(({ index }) => index),
    [3],
    'it must be written again',
  )
  t.end()
})

t.test('a log is as complete as ours by its last term first, then by its length', (t) => {
  const log = exampleLog()
  t.ok(log.isUpToDate(5, 3))
  t.ok(log.isUpToDate(1, 4))
  t.notOk(log.isUpToDate(4, 3))
  t.notOk(log.isUpToDate(100, 2))
  t.end()
})

t.test('skips whole terms to find where two logs may agree', (t) => {
  const log = exampleLog()
  t.same(log.findConflict(5, 2), { index: 4, term: 2 })
  t.same(log.findConflict(5, 1), { index: 2, term: 1 })
  t.same(log.findConflict(9, 3), { index: 5, term: 3 })
  t.end()
})

t.test('hands out to apply only what is committed and on our own disk', (t) => {
  const log = exampleLog()
  log.commitTo(5)
  t.same(
    log.nextCommittedEntries(1000).map(({ index }) => index),
    [1, 2, 3],
  )
  log.unstable.accept()
  ;(log.storage as MemoryStorage).append([entry(4, 2), entry(5, 3)])
  log.unstable.stableTo(5, 3)
  log.acceptApplying(3)
  t.same(
    log.nextCommittedEntries(1000).map(({ index }) => index),
    [4, 5],
  )
  t.end()
})

t.test('what was replaced while it was being written is not taken for written', (t) => {
  const log = exampleLog()
  log.unstable.accept()
  log.maybeAppend(3, 2, [entry(4, 9)])
  log.unstable.stableTo(5, 3)
  t.equal(log.unstable.offset, 4)
  log.unstable.stableTo(4, 2)
  t.equal(log.unstable.offset, 4, 'the entry of term 2 is gone')
  log.unstable.stableTo(4, 9)
  t.equal(log.unstable.offset, 5)
  t.end()
})

t.test('a committed entry is never replaced', (t) => {
  const log = exampleLog()
  log.commitTo(3)
  t.throws(() => log.maybeAppend(1, 1, [entry(2, 7)]), /conflicts with a committed one/)
  t.end()
})
