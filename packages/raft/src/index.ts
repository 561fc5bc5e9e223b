/**
 * Raft as a synchronous state machine: no I/O, no clock, no Promise. After Diego Ongaro's thesis "Consensus: Bridging
 * Theory and Practice" (2014), whose sections every rule names; in the shape of etcd's raft library. The host owns
 * time, disk and network; its duties are listed in `ready.ts`, in order.
 *
 * Left out on purpose: etcd's `ReadOnlyLeaseBased` without quorum checks, witnesses, and a log that truncates by time.
 *
 * ```ts
 * const storage = new MemoryStorage(confStateOf(['a']))
 * const node = new RawNode({ id: 'a', storage, electionTicks: 10, heartbeatTicks: 1, random: seededRandom(1) })
 * node.campaign()
 * while (node.hasReady()) {
 *   const ready = node.ready()
 *   storage.append(ready.entries)
 *   node.persisted(ready)
 *   const last = ready.committedEntries.at(-1)
 *   if (last) node.applied(last.index)
 * }
 * ```
 */
export {
  confChange,
  decodeConfChange,
  encodeConfChange,
  leaveJointChange,
} from './confchange/conf-change.ts'
export type { ConfChange, ConfChangeKind, ConfChangeStep } from './confchange/conf-change.ts'
export type { Config } from './config.ts'
export type { DeliberateBug } from './deliberate-bug.ts'
export {
  describeConfChange,
  describeConfState,
  describeEntries,
  describeHardState,
  describeMessage,
  describeReady,
} from './describe.ts'
export { MemoryStorage } from './log/memory-storage.ts'
export type { Storage } from './log/storage.ts'
export type { Message } from './message.ts'
export type { ProposeResult } from './proposal.ts'
export { RawNode } from './raw-node.ts'
export type { ReadState } from './read-index.ts'
export type { Ready, SoftState } from './ready.ts'
export type { FollowerStatus, Status } from './status.ts'
export { confStateOf, emptyHardState, nobody } from './types.ts'
export type {
  ConfState,
  Entry,
  EntryType,
  HardState,
  LogIndex,
  NodeId,
  Proposal,
  Role,
  Snapshot,
  SnapshotMetadata,
  Term,
} from './types.ts'
