import type { ConfChange } from '@kemu/raft'
import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import { memberIdOfNode, nodeIdOf } from '../cluster/member-id.ts'
import type { Membership } from '../cluster/membership.ts'

/** What a configuration change in the log carries for the list of members, as JSON: a person may want to read it. */
export interface ChangeContext {
  /** Who proposed it and waits for the outcome, under this number. */
  readonly proposer?: string
  readonly sequence?: number
  readonly isPromotion?: boolean
  readonly member?: MemberJson
}

export interface MemberJson {
  readonly id: string
  readonly name: string
  readonly peerURLs: string[]
  readonly clientURLs: string[]
  readonly isLearner: boolean
}

export function parseContext(text: string): ChangeContext {
  return text === '' ? {} : (JSON.parse(text) as ChangeContext)
}

export function memberToJson({ ID, ...rest }: MemberRecord): MemberJson {
  return { id: nodeIdOf(ID), ...rest }
}

export function memberFromJson({ id, ...rest }: MemberJson): MemberRecord {
  return { ID: memberIdOfNode(id), ...rest }
}

/** Throws when the list of members does not allow it. */
export function checkChange(
  membership: Membership,
  { steps }: ConfChange,
  { isPromotion, member }: ChangeContext,
  learnersMax: number,
): void {
  for (const { kind, node } of steps) {
    const id = memberIdOfNode(node)
    if (kind === 'remove') membership.checkRemove(id)
    else if (isPromotion) membership.checkPromote(id)
    else if (member) membership.checkAdd(memberFromJson(member), learnersMax)
  }
}

/** Brings the list of members up to a change that took effect. */
export function noteChange(
  membership: Membership,
  { steps }: ConfChange,
  { isPromotion, member }: ChangeContext,
): void {
  for (const { kind, node } of steps) {
    const id = memberIdOfNode(node)
    if (kind === 'remove') membership.remove(id)
    else if (isPromotion) membership.promote(id)
    else if (member) membership.add(memberFromJson(member))
  }
}
