import { WatchCreateRequestFilterType, WatchService } from '@kemu/rpc/etcd-codec'
import type { Event, WatchRequest, WatchResponse } from '@kemu/rpc/etcd-codec'
import { changeOf, seenOf } from '../checkers/store-history.ts'
import type { WatchEvent, WatchRecord } from '../checkers/watch-properties.ts'
import type { ClientCall } from '../grpc/client.ts'
import type { Client } from './client.ts'
import { pick } from './pick.ts'

type Wish = Pick<WatchRecord, 'key' | 'rangeEnd' | 'wantsPrevious' | 'noPut' | 'noDelete'> & {
  readonly fragment: boolean
  readonly progressNotify: boolean
}

/** Watches for a while, goes away, comes back to where it was: at another member, or after a break. */
export async function runWatchClient(
  client: Client,
  rounds: number,
  watches: WatchRecord[],
): Promise<void> {
  const { random } = client.deps
  let wish = wishOf(client)
  let next = 0
  for (let round = 0; round < rounds && !client.isStopped; round++) {
    const record = await watchOnce(client, wish, next, 150 + random.int(900))
    if (record) {
      watches.push(record)
      next = resumeAt(record, next)
    } else await client.sleep(100)
    if (random.int(4) > 0) continue
    // Something else, from now on or from the past.
    wish = wishOf(client)
    next = pick(random, [0, Math.max(0, next - random.int(20)), next])
  }
}

function wishOf({ deps: { random } }: Client): Wish {
  const range = pick(random, [
    { key: 'k', rangeEnd: 'm' },
    { key: 'k', rangeEnd: 'm' },
    { key: 'k1', rangeEnd: '' },
    { key: 'k1', rangeEnd: 'k3' },
    { key: '\0', rangeEnd: '\0' },
  ])
  return {
    ...range,
    wantsPrevious: random.int(2) === 0,
    noPut: random.int(8) === 0,
    noDelete: random.int(8) === 0,
    fragment: random.int(4) === 0,
    progressNotify: random.int(3) === 0,
  }
}

/** Where to go on: after the last that is known to have come. */
function resumeAt({ answers, createdAt }: WatchRecord, next: number): number {
  const last = answers.at(-1)
  if (last) return (last.events.at(-1)?.modRevision ?? last.revision) + 1
  return next > 0 || createdAt === undefined ? next : createdAt + 1
}

async function watchOnce(
  client: Client,
  wish: Wish,
  startRevision: number,
  forMs: number,
): Promise<WatchRecord | undefined> {
  const record: WatchRecord = {
    client: client.deps.name,
    ...wish,
    startRevision,
    createdAt: undefined,
    answers: [],
  }
  const { key, rangeEnd, wantsPrevious, noPut, noDelete, fragment, progressNotify } = wish
  const end = { isOver: false }
  let call: ClientCall<WatchRequest, WatchResponse>
  try {
    const channel = await client.connect()
    call = channel.stream(WatchService.Watch, {
      onMessage: (answer) => {
        end.isOver ||= !note(client, record, answer)
      },
      onEnd: () => {
        end.isOver = true
      },
      onDrain: () => {},
    })
  } catch {
    return undefined
  }
  const filters = [
    ...(noPut ? [WatchCreateRequestFilterType.NOPUT] : []),
    ...(noDelete ? [WatchCreateRequestFilterType.NODELETE] : []),
  ]
  const prevKv = wantsPrevious
  call.write({
    createRequest: { key, rangeEnd, startRevision, prevKv, filters, fragment, progressNotify },
  })
  for (let waited = 0; waited < forMs && !end.isOver; waited += 50) {
    await client.sleep(50)
    if (client.deps.random.int(6) === 0 && !end.isOver) call.write({ progressRequest: {} })
  }
  call.cancel()
  client.leave()
  return record
}

/** False: the watch is over. */
function note(client: Client, record: WatchRecord, answer: WatchResponse): boolean {
  const { name, story } = client.deps
  const revision = answer.header!.revision
  if (answer.created) {
    record.createdAt = revision
    return !answer.canceled
  }
  if (answer.canceled) {
    story(`${name}: the watch was cancelled, compacted at ${answer.compactRevision}`)
    return false
  }
  const events = answer.events.map(eventOf)
  for (const { key, value, modRevision, isDeletion } of events) {
    story(`${name} sees ${isDeletion ? `the end of ${key}` : `${key}=${value}`}@${modRevision}`)
  }
  record.answers.push({ atMs: client.nowMs, revision, events, isFragment: answer.fragment })
  return true
}

function eventOf({ kv, prevKv }: Event): WatchEvent {
  return { ...changeOf(kv!), previous: prevKv && seenOf(prevKv) }
}
