import type { Member } from '@kemu/rpc/etcd-codec'
import { etcdError } from '../errors.ts'

/** The members, as the replicated log made them. Every member has the same. */
export class Membership {
  readonly #members = new Map<bigint, Member>()
  /** An id that was removed never comes back: its log may hold what the others never knew. */
  readonly #removed = new Set<bigint>()

  restore(members: readonly Member[], removed: readonly bigint[]): void {
    this.#members.clear()
    this.#removed.clear()
    for (const member of members) this.#members.set(member.ID, member)
    for (const id of removed) this.#removed.add(id)
  }

  /** By id, as etcd lists them. */
  all(): Member[] {
    return [...this.#members.values()].sort((a, b) => (a.ID < b.ID ? -1 : 1))
  }

  voters(): Member[] {
    return this.all().filter(({ isLearner }) => !isLearner)
  }

  get(id: bigint): Member | undefined {
    return this.#members.get(id)
  }

  removed(): bigint[] {
    return [...this.#removed]
  }

  isRemoved(id: bigint): boolean {
    return this.#removed.has(id)
  }

  /** Throws what makes it impossible, for the API and again when it is applied. */
  checkAdd(member: Member, learnersMax: number): void {
    if (this.#removed.has(member.ID)) throw etcdError('memberNotFound')
    if (this.#members.has(member.ID)) throw etcdError('memberExists')
    this.#checkUrls(member)
    const learners = this.all().filter(({ isLearner }) => isLearner).length
    if (member.isLearner && learners >= learnersMax) throw etcdError('tooManyLearners')
  }

  checkUpdate(member: Member): void {
    if (!this.#members.has(member.ID)) throw etcdError('memberNotFound')
    this.#checkUrls(member)
  }

  checkRemove(id: bigint): void {
    if (!this.#members.has(id)) throw etcdError('memberNotFound')
  }

  checkPromote(id: bigint): void {
    const member = this.#members.get(id)
    if (!member) throw etcdError('memberNotFound')
    if (!member.isLearner) throw etcdError('memberNotLearner')
  }

  add(member: Member): void {
    this.#members.set(member.ID, member)
  }

  remove(id: bigint): void {
    this.#members.delete(id)
    this.#removed.add(id)
  }

  promote(id: bigint): void {
    const member = this.#members.get(id)
    if (member) this.#members.set(id, { ...member, isLearner: false })
  }

  updatePeerUrls(id: bigint, peerURLs: string[]): void {
    const member = this.#members.get(id)
    if (member) this.#members.set(id, { ...member, peerURLs })
  }

  /** A member tells its name and where its clients find it. */
  setAttributes(id: bigint, name: string, clientURLs: string[]): void {
    const member = this.#members.get(id)
    if (member) this.#members.set(id, { ...member, name, clientURLs })
  }

  #checkUrls({ ID, peerURLs }: Member): void {
    const taken = this.all().some(
      (other) => other.ID !== ID && other.peerURLs.some((url) => peerURLs.includes(url)),
    )
    if (taken) throw etcdError('peerUrlExists')
  }
}
