/**
 * The pod network of a cluster as a DaemonSet: routes to the pods of other nodes, and the CNI configuration that makes
 * a node Ready. Upstream counterpart: flannel (its host-gw, vxlan and alloc back-ends).
 */
export { inClusterAccess, NotInCluster } from './in-cluster-access.ts'
export { InvalidNetConf, parseNetConf } from './net-conf.ts'
export type { Backend, NetConf } from './net-conf.ts'
export { placeOf } from './node-place.ts'
export type { NodePlace } from './node-place.ts'
export { planNetwork } from './plan.ts'
export type { NetworkPlan, Underlay } from './plan.ts'
