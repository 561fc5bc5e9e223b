import type { Namespace } from '@kemu/api'
import type { Random } from '@kemu/base'
import type { Client, Lister } from '@kemu/client'
import type { Profile } from '../framework/profile.ts'
import { DefaultBinder } from './default-binder.ts'
import { DefaultPreemption } from './default-preemption/default-preemption.ts'
import { DynamicResources } from './dynamic-resources.ts'
import { ImageLocality } from './image-locality.ts'
import { InterPodAffinity } from './inter-pod-affinity/inter-pod-affinity.ts'
import { NodeAffinity } from './node-affinity.ts'
import { NodeName } from './node-name.ts'
import { NodePorts } from './node-ports.ts'
import { NodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts'
import { NodeResourcesFit } from './node-resources-fit.ts'
import { NodeUnschedulable } from './node-unschedulable.ts'
import { PodSelectors } from './pod-topology-spread/pod-selectors.ts'
import type { PodSelectorListers } from './pod-topology-spread/pod-selectors.ts'
import { PodTopologySpread } from './pod-topology-spread/pod-topology-spread.ts'
import { PrioritySort } from './priority-sort.ts'
import { SchedulingGates } from './scheduling-gates.ts'
import { TaintToleration } from './taint-toleration.ts'
import { VolumeBinding } from './volume-binding/volume-binding.ts'
import type { VolumeListers } from './volume-binding/volume-binding.ts'

export interface RegistryDeps {
  readonly client: Client
  readonly random: Random
  readonly listers: PodSelectorListers & VolumeListers & { readonly namespaces: Lister<Namespace> }
}

/** The default profile: upstream's plugins in upstream's order and weights (apis/config/v1 getDefaultPlugins). */
export function defaultProfile({ client, random, listers }: RegistryDeps): Profile {
  const taintToleration = new TaintToleration()
  const nodeAffinity = new NodeAffinity()
  const nodeResourcesFit = new NodeResourcesFit()
  const podTopologySpread = new PodTopologySpread(new PodSelectors(listers))
  const interPodAffinity = new InterPodAffinity(listers.namespaces)
  return {
    schedulerName: 'default-scheduler',
    preEnqueue: [new SchedulingGates(), new DynamicResources()],
    queueSort: new PrioritySort(),
    filters: [
      new NodeUnschedulable(),
      new NodeName(),
      taintToleration,
      nodeAffinity,
      new NodePorts(),
      nodeResourcesFit,
      new VolumeBinding(listers),
      podTopologySpread,
      interPodAffinity,
    ],
    postFilters: [new DefaultPreemption(random)],
    scores: [
      { plugin: taintToleration, weight: 3 },
      { plugin: nodeAffinity, weight: 2 },
      { plugin: nodeResourcesFit, weight: 1 },
      { plugin: podTopologySpread, weight: 2 },
      { plugin: interPodAffinity, weight: 2 },
      { plugin: new NodeResourcesBalancedAllocation(), weight: 1 },
      { plugin: new ImageLocality(), weight: 1 },
    ],
    bind: new DefaultBinder(client),
  }
}
