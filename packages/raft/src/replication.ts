import type { Raft } from './raft.ts'
import type { Progress } from './tracker/progress.ts'
import type { NodeId } from './types.ts'

/**
 * Sends one append to a follower unless its progress says to wait. Without new entries it still carries the commit
 * index, which is worth a message only when `whenEmpty`. True when something was sent.
 */
export function sendAppend(raft: Raft, to: NodeId, whenEmpty: boolean): boolean {
  const progress = raft.tracker.progress.get(to)
  if (!progress || progress.isPaused()) return false
  return sendEntries(raft, to, progress, whenEmpty, raft.settings.maxMessageBytes)
}

/**
 * A follower whose window is full gets an empty append: if all the messages in the window were lost, its answer
 * tells where to go on, else replication would stand still for ever.
 */
export function sendNudge(raft: Raft, to: NodeId, progress: Progress): void {
  if (progress.state === 'replicate' && progress.isPaused())
    sendEntries(raft, to, progress, true, -1)
  else sendAppend(raft, to, true)
}

export function broadcastAppend(raft: Raft): void {
  for (const id of raft.tracker.progress.keys()) {
    if (id !== raft.id) sendAppend(raft, id, true)
  }
}

/** Tells the followers what is committed, with whatever entries they still need. */
export function broadcastCommit(raft: Raft): void {
  for (const [id, progress] of raft.tracker.progress) {
    if (id !== raft.id && !progress.isPaused()) sendCommit(raft, id, progress)
  }
}

function sendCommit(raft: Raft, to: NodeId, progress: Progress): void {
  const prevIndex = progress.next - 1
  const prevTerm = raft.log.term(prevIndex)
  const isAllSent = progress.state === 'replicate' && prevIndex === raft.log.lastIndex()
  if (!isAllSent || prevTerm === undefined) return void sendAppend(raft, to, true)
  const { id, term, log } = raft
  raft.send({ type: 'commit', from: id, to, term, prevIndex, prevTerm, commit: log.committed })
}

/** Empty appends that keep followers quiet (section 3.4); they carry the number of the last round of reads. */
export function broadcastHeartbeat(raft: Raft): void {
  for (const [to, progress] of raft.tracker.progress) {
    if (to === raft.id) continue
    raft.send({
      type: 'heartbeat',
      from: raft.id,
      to,
      term: raft.term,
      // Past its match the follower's log may differ from ours.
      commit: Math.min(progress.match, raft.log.committed),
      readRound: raft.reads.round,
    })
  }
}

/** `maxBytes` below zero: no entries at all. */
function sendEntries(
  raft: Raft,
  to: NodeId,
  progress: Progress,
  whenEmpty: boolean,
  maxBytes: number,
): boolean {
  const prevIndex = progress.next - 1
  const prevTerm = raft.log.term(prevIndex)
  const entries = maxBytes < 0 ? [] : raft.log.entriesFrom(progress.next, maxBytes)
  if (prevTerm === undefined || entries === undefined) return sendSnapshot(raft, to, progress)
  if (entries.length === 0 && !whenEmpty) return false
  raft.send({
    type: 'append',
    from: raft.id,
    to,
    term: raft.term,
    prevIndex,
    prevTerm,
    entries,
    commit: raft.log.committed,
  })
  progress.sentEntries(entries.length, dataBytes(entries))
  return true
}

/** The entries that this follower needs are compacted (section 5). */
function sendSnapshot(raft: Raft, to: NodeId, progress: Progress): boolean {
  // A server that does not even answer heartbeats would not receive it.
  if (!progress.recentActive) return false
  const snapshot = raft.settings.storage.snapshot()
  if (!snapshot) return false
  raft.send({ type: 'snapshot', from: raft.id, to, term: raft.term, snapshot })
  progress.becomeSnapshot(snapshot.metadata.index)
  return true
}

export function dataBytes(entries: readonly { readonly data: Uint8Array }[]): number {
  let bytes = 0
  for (const { data } of entries) bytes += data.length
  return bytes
}
