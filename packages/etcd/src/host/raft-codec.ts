import { assert, unreachable } from '@kemu/base'
import type { ConfState, Entry, Message } from '@kemu/raft'
import type { Init } from '@kemu/rpc/protobuf'
import type {
  ConfState as WireConfState,
  Entry as WireEntry,
  RaftMessage,
} from '@kemu/rpc/raft-codec'

/** Raft's values as proto/kemu/raft.proto carries them, on the wire and on disk. */
const entryTypes = ['normal', 'confChange'] as const

export function entryFrom({ term, index, type, data }: WireEntry): Entry {
  const name = entryTypes[type]
  assert(name, `entry ${index} has the unknown type ${type}`)
  return { term, index, type: name, data }
}

export function entryTo({ term, index, type, data }: Entry): Init<WireEntry> {
  return { term, index, type: entryTypes.indexOf(type), data }
}

export function confStateFrom(state: WireConfState | undefined): ConfState {
  const { voters = [], votersOutgoing = [], learners = [], learnersNext = [] } = state ?? {}
  return { voters, votersOutgoing, learners, learnersNext, autoLeave: state?.autoLeave ?? false }
}

export function messageTo(message: Message): Init<RaftMessage> {
  const { type, from, to, term } = message
  const envelope = { type, from, to, term }
  switch (message.type) {
    case 'append':
      return {
        ...envelope,
        index: message.prevIndex,
        logTerm: message.prevTerm,
        entries: message.entries.map(entryTo),
        commit: message.commit,
      }
    case 'commit': {
      const { prevIndex, prevTerm, commit } = message
      return { ...envelope, index: prevIndex, logTerm: prevTerm, commit }
    }
    case 'appendResponse': {
      const { reject, index, hintIndex, hintTerm } = message
      return { ...envelope, reject, index, hintIndex, hintTerm }
    }
    case 'vote':
    case 'preVote': {
      const { lastIndex, lastTerm, transfer } = message
      return { ...envelope, index: lastIndex, logTerm: lastTerm, transfer }
    }
    case 'voteResponse':
    case 'preVoteResponse':
      return { ...envelope, reject: message.reject }
    case 'heartbeat':
      return { ...envelope, commit: message.commit, round: message.readRound }
    case 'heartbeatResponse':
      return { ...envelope, round: message.readRound }
    case 'snapshot': {
      const { index, term: snapshotTerm, confState } = message.snapshot.metadata
      return { ...envelope, index, snapshotTerm, snapshotConf: confState }
    }
    case 'propose':
      return {
        ...envelope,
        entries: message.proposals.map(({ type, data }) => ({
          type: entryTypes.indexOf(type),
          data,
        })),
      }
    case 'readIndex':
      return { ...envelope, round: message.request }
    case 'readIndexResponse':
      return { ...envelope, round: message.request, index: message.index }
    case 'transferLeader':
      return { ...envelope, transferee: message.transferee }
    case 'timeoutNow':
      return envelope
    default:
      return unreachable(message)
  }
}

/** Undefined for a type that this version does not know. */
export function messageFrom(wire: RaftMessage): Message | undefined {
  const { from, to, term, index, logTerm, commit, reject, round } = wire
  const envelope = { from, to, term }
  const type = wire.type as Message['type']
  switch (type) {
    case 'append': {
      const entries = wire.entries.map(entryFrom)
      return { ...envelope, type, prevIndex: index, prevTerm: logTerm, entries, commit }
    }
    case 'commit':
      return { ...envelope, type, prevIndex: index, prevTerm: logTerm, commit }
    case 'appendResponse': {
      const { hintIndex, hintTerm } = wire
      return { ...envelope, type, reject, index, hintIndex, hintTerm }
    }
    case 'vote':
    case 'preVote':
      return {
        ...envelope,
        type,
        lastIndex: index,
        lastTerm: logTerm,
        transfer: wire.transfer,
      }
    case 'voteResponse':
    case 'preVoteResponse':
      return { ...envelope, type, reject }
    case 'heartbeat':
      return { ...envelope, type, commit, readRound: round }
    case 'heartbeatResponse':
      return { ...envelope, type, readRound: round }
    case 'snapshot': {
      const confState = confStateFrom(wire.snapshotConf)
      const metadata = { index, term: wire.snapshotTerm, confState }
      return { ...envelope, type, snapshot: { metadata, data: new Uint8Array() } }
    }
    case 'propose': {
      const proposals = wire.entries.map((e) => ({ type: entryTypes[e.type]!, data: e.data }))
      return { ...envelope, type, proposals }
    }
    case 'readIndex':
      return { ...envelope, type, request: round }
    case 'readIndexResponse':
      return { ...envelope, type, request: round, index }
    case 'transferLeader':
      return { ...envelope, type, transferee: wire.transferee }
    case 'timeoutNow':
      return { ...envelope, type }
    default:
      return undefined
  }
}
