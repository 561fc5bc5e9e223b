import { seededRandom } from '@kemu/base'
import type {
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ReplicationController,
  Service,
  StatefulSet,
  StorageClass,
} from '@kemu/api'
import { Client, Store } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { SchedulerCache } from '../cache/cache.ts'
import { PodInfo } from '../cache/pod-info.ts'
import { findNode } from '../find-node.ts'
import type { Decision } from '../find-node.ts'
import { fitMessage } from '../framework/fit-error.ts'
import { runPostFilters } from '../framework/post-filters.ts'
import { Nominator } from '../nominator.ts'
import { defaultProfile } from '../plugins/registry.ts'

/** Nodes and pods for scheduling cycles without any API server. */
export class Cluster {
  readonly cache = new SchedulerCache()
  readonly nominator = new Nominator()
  readonly services = new Store<Service>()
  readonly replicaSets = new Store<ReplicaSet>()
  readonly statefulSets = new Store<StatefulSet>()
  readonly random = seededRandom(7)
  readonly profile = defaultProfile({
    client: new Client(new MemoryTransport()),
    random: this.random,
    listers: {
      namespaces: new Store<Namespace>(),
      services: this.services,
      replicaSets: this.replicaSets,
      statefulSets: this.statefulSets,
      replicationControllers: new Store<ReplicationController>(),
      claims: new Store<PersistentVolumeClaim>(),
      storageClasses: new Store<StorageClass>(),
    },
  })

  constructor(nodes: readonly Node[], running: readonly Pod[] = []) {
    for (const node of nodes) this.cache.setNode(node)
    for (const pod of running) this.cache.setPod(new PodInfo(pod), pod.spec.nodeName!)
  }

  /** The chosen node's name, or why there is none. */
  schedule(pod: Pod): string {
    const decision = this.#decide(new PodInfo(pod))
    return decision.kind === 'placed' ? decision.nodeName : fitMessage(decision.diagnosis)
  }

  /** The same with what preemption has to say: the whole message of the event. */
  explain(pod: Pod): string {
    const info = new PodInfo(pod)
    const decision = this.#decide(info)
    if (decision.kind === 'placed') return decision.nodeName
    const { diagnosis } = decision
    const outcome = runPostFilters(this.profile, info, this.cache.snapshot(), diagnosis)
    return fitMessage(diagnosis, outcome?.message)
  }

  #decide(info: PodInfo): Decision {
    return findNode(this.profile, info, this.cache.snapshot(), {
      startAt: 0,
      percentageOfNodesToScore: 0,
      random: this.random,
      nominator: this.nominator,
    })
  }

  /** The same, and the pod then counts as placed. */
  place(pod: Pod): string {
    const answer = this.schedule(pod)
    if (!answer.includes(' ')) this.cache.assume(new PodInfo(pod), answer)
    return answer
  }
}
