import type { Clock } from '@kemu/base'
import type { Message } from '@kemu/raft'
import t from 'tap'
import { CommitNews } from './commit-news.ts'

/** Time that passes by hand. */
class TestClock implements Clock {
  #ms = 0
  #timers: { atMs: number; fire: () => void }[] = []
  now = (): number => this.#ms
  monotonicMs = (): number => this.#ms

  setTimer(delayMs: number, fire: () => void): { cancel(): void } {
    const timer = { atMs: this.#ms + delayMs, fire }
    this.#timers.push(timer)
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  setPeriodic(): never {
    throw new Error('nothing here is periodic')
  }

  pass(ms: number): void {
    this.#ms += ms
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#ms)
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#ms)
    for (const { fire } of due) fire()
  }
}

const envelope = { from: 'a', term: 2 }
const commit = (to: string, index: number): Message => ({
  ...envelope,
  type: 'commit',
  to,
  prevIndex: index,
  prevTerm: 2,
  commit: index,
})
const append = (to: string, prevIndex: number): Message => ({
  ...envelope,
  type: 'append',
  to,
  prevIndex,
  prevTerm: 2,
  entries: [],
  commit: prevIndex,
})
const readAnswer: Message = {
  ...envelope,
  type: 'readIndexResponse',
  to: 'b',
  request: 1,
  index: 7,
}

function setup(): { news: CommitNews; clock: TestClock; late: Message[] } {
  const clock = new TestClock()
  const late: Message[] = []
  return {
    news: new CommitNews({ clock, send: (messages) => late.push(...messages) }),
    clock,
    late,
  }
}

t.test('a commit index that an append brings is not told again', (t) => {
  const { news, clock, late } = setup()
  t.same(news.sift([commit('b', 7), commit('c', 7)]), [])
  const appends = [append('b', 7), append('c', 7)]
  t.same(news.sift(appends), appends)
  clock.pass(10)
  t.same(late, [])
  t.end()
})

t.test('without an append the newest commit index goes out after a moment', (t) => {
  const { news, clock, late } = setup()
  t.same(news.sift([commit('b', 7)]), [])
  t.same(news.sift([commit('b', 8)]), [])
  clock.pass(1)
  t.same(late, [commit('b', 8)])
  t.end()
})

t.test('news that is younger than the timer waits for its own moment', (t) => {
  const { news, clock, late } = setup()
  t.same(news.sift([commit('b', 7)]), [])
  clock.pass(0.5)
  t.same(news.sift([append('b', 7)]), [append('b', 7)])
  t.same(news.sift([commit('b', 8)]), [])
  clock.pass(0.5)
  t.same(late, [])
  clock.pass(1)
  t.same(late, [commit('b', 8)])
  t.end()
})

t.test(
  'a follower whose client waits is told at once, until all that it passed on is committed',
  (t) => {
    const { news } = setup()
    news.await('b', 8)
    t.same(news.sift([commit('b', 7), commit('c', 7)]), [commit('b', 7)])
    t.same(news.sift([commit('b', 8), commit('c', 8)]), [commit('b', 8)])
    t.same(news.sift([commit('b', 9)]), [])
    t.end()
  },
)

t.test('a read at a follower gets the commit index that it needs', (t) => {
  const { news, clock, late } = setup()
  t.same(news.sift([commit('b', 7)]), [])
  t.same(news.sift([readAnswer]), [commit('b', 7), readAnswer])
  clock.pass(10)
  t.same(late, [])
  t.end()
})

t.test('one that stops says no more', (t) => {
  const { news, clock, late } = setup()
  t.same(news.sift([commit('b', 7)]), [])
  news.stop()
  clock.pass(10)
  t.same(late, [])
  t.end()
})
