import { controllerOf, Selector, selectorOf, selectorOfMap } from '@kemu/api'
import type {
  ReplicaSet,
  ReplicationController,
  Requirement,
  Service,
  StatefulSet,
} from '@kemu/api'
import type { Lister } from '@kemu/client'
import type { PodInfo } from '../../cache/pod-info.ts'

export interface PodSelectorListers {
  readonly services: Lister<Service>
  readonly replicationControllers: Lister<ReplicationController>
  readonly replicaSets: Lister<ReplicaSet>
  readonly statefulSets: Lister<StatefulSet>
}

/** Which pods are a pod's fellows: those of its Services and its controller together (helper.DefaultSelector). */
export class PodSelectors {
  readonly #listers: PodSelectorListers

  constructor(listers: PodSelectorListers) {
    this.#listers = listers
  }

  /** The empty selector when nothing claims the pod. */
  of(pod: PodInfo): Selector {
    const requirements: Requirement[] = []
    for (const { spec } of this.#listers.services.inNamespace(pod.namespace)) {
      if (Object.keys(spec.selector ?? {}).length === 0) continue
      const selector = selectorOfMap(spec.selector)
      if (selector.matches(pod.labels)) requirements.push(...selector.requirements)
    }
    requirements.push(...this.#ofController(pod))
    const unique = new Map(
      requirements.map((r) => [`${r.key} ${r.operator} ${r.values.join()}`, r]),
    )
    return new Selector([...unique.values()])
  }

  #ofController(pod: PodInfo): readonly Requirement[] {
    const owner = controllerOf(pod.pod.metadata)
    if (!owner) return []
    const key = `${pod.namespace}/${owner.name}`
    switch (`${owner.apiVersion}/${owner.kind}`) {
      case 'v1/ReplicationController': {
        const controller = this.#listers.replicationControllers.get(key)
        return controller ? selectorOfMap(controller.spec.selector).requirements : []
      }
      case 'apps/v1/ReplicaSet': {
        const set = this.#listers.replicaSets.get(key)
        return set ? selectorOf(set.spec.selector).requirements : []
      }
      case 'apps/v1/StatefulSet': {
        const set = this.#listers.statefulSets.get(key)
        return set ? selectorOf(set.spec.selector).requirements : []
      }
      default:
        return []
    }
  }
}
