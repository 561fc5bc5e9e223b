import { unreachable } from '@kemu/base'
import { decodeConfChange } from './confchange/conf-change.ts'
import type { ConfChange } from './confchange/conf-change.ts'
import type { Message } from './message.ts'
import type { Ready } from './ready.ts'
import type { ConfState, Entry, HardState, NodeId } from './types.ts'

/** Stable text for traces: what a scenario prints must not change with the weather. */
export function describeMessage(message: Message): string {
  const { from, to, term, type } = message
  const head = `${from}->${to} ${type}${term > 0 ? ` term=${term}` : ''}`
  const details = messageDetails(message)
  return details ? `${head} ${details}` : head
}

function messageDetails(message: Message): string {
  switch (message.type) {
    case 'append':
      return `after=${message.prevIndex}/${message.prevTerm} commit=${message.commit} ${describeEntries(message.entries)}`
    case 'commit':
      return `after=${message.prevIndex}/${message.prevTerm} commit=${message.commit}`
    case 'appendResponse':
      return message.reject
        ? `rejected index=${message.index} hint=${message.hintIndex}/${message.hintTerm}`
        : `index=${message.index}`
    case 'vote':
    case 'preVote':
      return `last=${message.lastIndex}/${message.lastTerm}${message.transfer ? ' transfer' : ''}`
    case 'voteResponse':
    case 'preVoteResponse':
      return message.reject ? 'rejected' : 'granted'
    case 'heartbeat':
      return `commit=${message.commit} round=${message.readRound}`
    case 'heartbeatResponse':
      return `round=${message.readRound}`
    case 'snapshot': {
      const { index, term, confState } = message.snapshot.metadata
      return `at=${index}/${term} ${describeConfState(confState)}`
    }
    case 'propose':
      return `[${message.proposals.map(({ type, data }) => describeData(type, data)).join(', ')}]`
    case 'readIndex':
      return `request=${message.request}`
    case 'readIndexResponse':
      return `request=${message.request} index=${message.index}`
    case 'transferLeader':
      return `transferee=${message.transferee}`
    case 'timeoutNow':
      return ''
    default:
      return unreachable(message)
  }
}

/** `[5/2 "x", 6/2 ""]`: index, term, data. */
export function describeEntries(entries: readonly Entry[]): string {
  return `[${entries.map((e) => `${e.index}/${e.term} ${describeData(e.type, e.data)}`).join(', ')}]`
}

function describeData(type: Entry['type'], data: Uint8Array): string {
  return type === 'confChange'
    ? describeConfChange(decodeConfChange(data))
    : JSON.stringify(Buffer.from(data).toString())
}

export function describeConfChange({ steps, transition }: ConfChange): string {
  if (steps.length === 0) return 'leaveJoint'
  const text = steps.map(({ kind, node }) => `${kind}(${node})`).join(' ')
  return transition === 'auto' ? text : `${transition} ${text}`
}

export function describeConfState(state: ConfState): string {
  const list = (name: string, ids: readonly NodeId[]): string =>
    ids.length > 0 ? ` ${name}=(${ids.join(' ')})` : ''
  return `voters=(${state.voters.join(' ')})${list('outgoing', state.votersOutgoing)}${list(
    'learners',
    state.learners,
  )}${list('learnersNext', state.learnersNext)}${state.autoLeave ? ' autoLeave' : ''}`
}

export function describeHardState({ term, vote, commit }: HardState): string {
  return `term=${term} vote=${vote || '-'} commit=${commit}`
}

/** A Ready line by line, empty parts left out. */
export function describeReady(ready: Ready): string[] {
  const lines: string[] = []
  const { softState, hardState, snapshot } = ready
  if (softState) lines.push(`${softState.role}, leader=${softState.leader || '-'}`)
  if (hardState) lines.push(`hard state: ${describeHardState(hardState)}`)
  if (snapshot) {
    const { index, term, confState } = snapshot.metadata
    lines.push(`snapshot: at=${index}/${term} ${describeConfState(confState)}`)
  }
  if (ready.entries.length > 0) lines.push(`append: ${describeEntries(ready.entries)}`)
  if (ready.committedEntries.length > 0)
    lines.push(`apply: ${describeEntries(ready.committedEntries)}`)
  for (const { request, index } of ready.readStates) lines.push(`read ${request}: index=${index}`)
  for (const message of ready.messages) lines.push(`send: ${describeMessage(message)}`)
  for (const message of ready.messagesAfterPersist) {
    lines.push(`send after persist: ${describeMessage(message)}`)
  }
  return lines
}
