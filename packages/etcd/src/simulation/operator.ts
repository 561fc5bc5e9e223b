import { ClusterService, MaintenanceService } from '@kemu/rpc/etcd-codec'
import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import type { Client } from '../workload/client.ts'
import type { Cluster } from './cluster.ts'
import type { Machine } from './machine.ts'

/** Tries at most this often, with a pause between. */
const triesMax = 40
const pauseMs = 150

/** The person who runs the cluster: changes members and moves the leader, as etcdctl would. */
export class Operator {
  readonly #cluster: Cluster
  readonly #client: Client
  readonly #story: (line: string) => void
  #added = 0
  #isBusy = false

  constructor(cluster: Cluster, client: Client, story: (line: string) => void) {
    this.#cluster = cluster
    this.#client = client
    this.#story = story
  }

  moveLeader(done: () => void): void {
    const leader = this.#cluster.leader()
    const to = this.#cluster.present().find(({ member }) => member && !member.isLeader)
    const targetID = to?.member?.id
    if (!leader || targetID === undefined) return
    void this.#client
      .callAt(leader.name, (channel) => channel.unary(MaintenanceService.MoveLeader, { targetID }))
      .then((moved) => moved && done())
  }

  /** Removes a member and puts a new one in its place; one at a time. */
  replace(victim: Machine, asLearner: boolean, done: () => void): void {
    if (this.#isBusy) return
    this.#isBusy = true
    void this.#replace(victim, asLearner).then((isDone) => {
      this.#isBusy = false
      if (isDone) done()
    })
  }

  async #replace(victim: Machine, asLearner: boolean): Promise<boolean> {
    const removed = await this.#until(async (members) => {
      const own = members.find(({ name }) => name === victim.name)
      if (!own) return members
      await this.#client.call((channel) =>
        channel.unary(ClusterService.MemberRemove, { ID: own.ID }),
      )
      return undefined
    })
    if (!removed) return false
    this.#retire(victim)
    const name = `m${this.#cluster.machines.size + 1 + this.#added}`
    const url = `http://${name}:2380`
    const isNew = ({ peerURLs }: MemberRecord): boolean => peerURLs.includes(url)
    const added = await this.#until(async (members) => {
      if (members.some(isNew)) return members
      const request = { peerURLs: [url], isLearner: asLearner }
      await this.#client.call((channel) => channel.unary(ClusterService.MemberAdd, request))
      return undefined
    })
    if (!added) return false
    const names = added.map((member) => (isNew(member) ? name : nameOf(member)))
    this.#cluster.add(name, names, 'existing').start()
    if (!asLearner) return true
    const promoted = await this.#until(async (members) => {
      const own = members.find(isNew)
      if (!own) return members
      if (!own.isLearner) return members
      await this.#client.call((channel) =>
        channel.unary(ClusterService.MemberPromote, { ID: own.ID }),
      )
      return undefined
    })
    return promoted !== undefined
  }

  /** Looks at the members again and again until they are as they should be. */
  async #until(
    act: (members: readonly MemberRecord[]) => Promise<readonly MemberRecord[] | undefined>,
  ): Promise<readonly MemberRecord[] | undefined> {
    for (let tries = 0; tries < triesMax; tries++) {
      const list = await this.#client.call((channel) =>
        channel.unary(ClusterService.MemberList, { linearizable: true }),
      )
      const settled = list && (await act(list.members))
      if (settled) return settled
      this.#client.leave()
      await this.#client.sleep(pauseMs)
    }
    this.#story('the operator gives up')
    return undefined
  }

  /** It learns of it by itself, or is down: then it is not started again. */
  #retire(victim: Machine): void {
    victim.isRetired = true
  }
}

function nameOf({ peerURLs }: MemberRecord): string {
  return new URL(peerURLs[0]!).hostname
}
