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

/**
 * Each kind of message is one literal, written out: objects spread from a common part get a hidden class of their own
 * each time, and every put would wait for V8 to make it (docs/adr/0013).
 */
export function messageTo(message: Message): Init<RaftMessage> {
  const { type, from, to, term } = message
  switch (message.type) {
    case 'append': {
      const { prevIndex: index, prevTerm: logTerm, commit } = message
      const entries = message.entries.map(entryTo)
      return { type, from, to, term, index, logTerm, commit, entries }
    }
    case 'commit': {
      const { prevIndex: index, prevTerm: logTerm, commit } = message
      return { type, from, to, term, index, logTerm, commit }
    }
    case 'appendResponse': {
      const { reject, index, hintIndex, hintTerm } = message
      return { type, from, to, term, reject, index, hintIndex, hintTerm }
    }
    case 'vote':
    case 'preVote': {
      const { lastIndex: index, lastTerm: logTerm, transfer } = message
      return { type, from, to, term, index, logTerm, transfer }
    }
    case 'voteResponse':
    case 'preVoteResponse':
      return { type, from, to, term, reject: message.reject }
    case 'heartbeat':
      return { type, from, to, term, commit: message.commit, round: message.readRound }
    case 'heartbeatResponse':
      return { type, from, to, term, round: message.readRound }
    case 'snapshot': {
      const { index, term: snapshotTerm, confState } = message.snapshot.metadata
      return { type, from, to, term, index, snapshotTerm, snapshotConf: confState }
    }
    case 'propose': {
      const entries = message.proposals.map((proposal) => ({
        type: entryTypes.indexOf(proposal.type),
        data: proposal.data,
      }))
      return { type, from, to, term, entries }
    }
    case 'readIndex':
      return { type, from, to, term, round: message.request }
    case 'readIndexResponse':
      return { type, from, to, term, round: message.request, index: message.index }
    case 'transferLeader':
      return { type, from, to, term, transferee: message.transferee }
    case 'timeoutNow':
      return { type, from, to, term }
    default:
      return unreachable(message)
  }
}

/** Undefined for a type that this version does not know. */
export function messageFrom(wire: RaftMessage): Message | undefined {
  const { from, to, term, index, logTerm, commit, reject, round } = wire
  const type = wire.type as Message['type']
  switch (type) {
    case 'append': {
      const entries = wire.entries.map(entryFrom)
      return { type, from, to, term, prevIndex: index, prevTerm: logTerm, entries, commit }
    }
    case 'commit':
      return { type, from, to, term, prevIndex: index, prevTerm: logTerm, commit }
    case 'appendResponse': {
      const { hintIndex, hintTerm } = wire
      return { type, from, to, term, reject, index, hintIndex, hintTerm }
    }
    case 'vote':
    case 'preVote': {
      const { transfer } = wire
      return { type, from, to, term, lastIndex: index, lastTerm: logTerm, transfer }
    }
    case 'voteResponse':
    case 'preVoteResponse':
      return { type, from, to, term, reject }
    case 'heartbeat':
      return { type, from, to, term, commit, readRound: round }
    case 'heartbeatResponse':
      return { type, from, to, term, readRound: round }
    case 'snapshot': {
      const confState = confStateFrom(wire.snapshotConf)
      const metadata = { index, term: wire.snapshotTerm, confState }
      return { type, from, to, term, snapshot: { metadata, data: new Uint8Array() } }
    }
    case 'propose': {
      const proposals = wire.entries.map((e) => ({ type: entryTypes[e.type]!, data: e.data }))
      return { type, from, to, term, proposals }
    }
    case 'readIndex':
      return { type, from, to, term, request: round }
    case 'readIndexResponse':
      return { type, from, to, term, request: round, index }
    case 'transferLeader':
      return { type, from, to, term, transferee: wire.transferee }
    case 'timeoutNow':
      return { type, from, to, term }
    default:
      return undefined
  }
}
