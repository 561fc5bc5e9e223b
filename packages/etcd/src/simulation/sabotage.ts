import type { Member } from '../member/member.ts'
import type { Watcher, WatchSink } from '../mvcc/watch-hub.ts'
import type { Instruments } from '../server.ts'
import type { StateMachine } from '../state/state-machine.ts'

/**
 * Mistakes for the tests that prove the checkers. Each is made to a running member from outside: the program's own code
 * has none of them, and no way to them.
 */
export const storeBugs = {
  /** Some puts are answered and forgotten, on every member alike. */
  'lost-write': { onMember: (member) => onEachState(member, loseWrites) },
  /** Who believes to lead answers reads without asking a quorum. */
  'stale-read-after-pause': { onMember: readAlone },
  'duplicated-watch-event': {
    onMember: (member) => onEachSink(member, (tell, events) => (tell(events), tell(events))),
  },
  'missing-watch-event': {
    onMember: (member) => onEachSink(member, (tell, events) => tell(events.slice(1))),
  },
  /** A member votes for whoever asks: two lead one term. */
  'split-brain': { raftBug: 'votes-twice' },
  'skipped-revision': { onMember: (member) => onEachState(member, skipRevisions) },
  'acknowledged-before-sync': { hasLyingDisks: true },
  'vote-forgotten-after-restart': {
    onBoot({ memory }) {
      memory.setHardState({ ...memory.initialState().hardState, vote: '' })
    },
  },
  /** What a former leader decided about a lease counts when it gets to the next one late. */
  'late-lease-revoke': { onMember: revokeLate },
  /** Keys outlive their lease. */
  'keys-outlive-lease': { onMember: (member) => onEachState(member, keepKeys) },
} as const satisfies Record<string, Instruments & { readonly hasLyingDisks?: boolean }>

export type StoreBug = keyof typeof storeBugs

export function sabotage(bug: StoreBug | undefined): {
  readonly instruments: Instruments
  readonly hasLyingDisks: boolean
} {
  const broken: Instruments & { readonly hasLyingDisks?: boolean } = bug ? storeBugs[bug] : {}
  const { hasLyingDisks = false, ...instruments } = broken
  return { instruments, hasLyingDisks }
}

/** Every so many times the mistake happens. */
const seldom = 15

/** As long as an election takes. */
const lateTicks = 10

function loseWrites(state: StateMachine): void {
  const apply = state.apply.bind(state)
  state.apply = (request) => {
    const isLost = request.put?.value.endsWith('7') && request.put.lease === 0n
    return isLost ? { header: { revision: state.store.revision + 1 } } : apply(request)
  }
}

function skipRevisions(state: StateMachine): void {
  const apply = state.apply.bind(state)
  state.apply = (request) => {
    const { store } = state
    const response = apply(request)
    if (store.revision % seldom === 0) store.commit(store.revision + 1, [])
    return response
  }
}

function keepKeys({ lessor }: StateMachine): void {
  const revoke = lessor.revoke.bind(lessor)
  lessor.revoke = (id) => (revoke(id), [])
}

function readAlone(member: Member): void {
  const read = member.read.bind(member)
  member.read = (done) => (member.isLeader ? done() : read(done))
}

/** It also takes its time, which does no harm as long as it leads: nobody can renew what it found expired. */
function revokeLate(member: Member): void {
  const submit = member.submit.bind(member)
  const onTicks = member.onTicks.bind(member)
  const waiting: { ticks: number; submit: () => void }[] = []
  member.submit = (request, done, identity) => {
    if (!request.leaderTerm) return submit(request, done, identity)
    const late = (): void => submit({ ...request, leaderTerm: 0 }, done, identity)
    waiting.push({ ticks: lateTicks, submit: late })
  }
  member.onTicks = (ticks) => {
    onTicks(ticks)
    for (const decision of waiting) decision.ticks -= ticks
    while (waiting.length > 0 && waiting[0]!.ticks <= 0) waiting.shift()!.submit()
  }
}

/** The state of a member is another one after the leader's snapshot. */
function onEachState(member: Member, spoil: (state: StateMachine) => void): void {
  const spoiled = new WeakSet<StateMachine>()
  const apply = member.apply.bind(member)
  member.apply = (entries) => {
    const { state } = member
    if (!spoiled.has(state)) spoil(state)
    spoiled.add(state)
    apply(entries)
  }
}

type Events = Parameters<WatchSink['onEvents']>[1]

function onEachSink(
  member: Member,
  spoil: (tell: (events: Events) => void, events: Events) => void,
): void {
  const spoiled = new WeakSet<WatchSink>()
  const { hub } = member
  const add = hub.add.bind(hub)
  let count = 0
  hub.add = (watcher: Watcher) => {
    const { sink } = watcher
    if (!spoiled.has(sink)) {
      const onEvents = sink.onEvents.bind(sink)
      sink.onEvents = (of, events) => {
        const tell = (some: Events): void => {
          if (some.length > 0) onEvents(of, some)
        }
        count += 1
        if (count % seldom === 0) spoil(tell, events)
        else tell(events)
      }
    }
    spoiled.add(sink)
    add(watcher)
  }
}
