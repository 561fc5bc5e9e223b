/**
 * NetworkPolicy on one node: policies, pods and namespaces become a packet filter in the path between pods.
 * Upstream counterpart: none in Kubernetes itself; network add-ons such as kube-network-policies and Calico do it.
 *
 *     startNetworkPolicy({ nodeName: 'worker1' }, { client, clock, random, logger, closers })
 */
export { startNetworkPolicy } from './start.ts'
export type { NetworkPolicyDeps, NetworkPolicyOptions } from './start.ts'
export { planTable } from './plan/plan-table.ts'
export type { PolicyWorld } from './plan/policy-world.ts'
