/**
 * The pod side of the network: how a sandbox gets an address and a way to it, on loopback addresses or in network
 * namespaces.
 */
export { HostPorts, HostPortTaken } from './host-ports.ts'
export type { HostPort, HostPortsDeps } from './host-ports.ts'
export { formatIpv4, IpPool, parseIpv4Block } from './ip-pool.ts'
export type { IpPoolState, Ipv4Block } from './ip-pool.ts'
export { findHeldSocket, readWildcardListeners } from './listening-sockets.ts'
export type { ListeningSocket } from './listening-sockets.ts'
export { LoopbackDriver } from './loopback.ts'
export { NetnsDriver } from './netns.ts'
export type { RunIpBatch } from './netns.ts'
export type { NetworkNotReady, PodAttachment, PodJoin, PodNetwork } from './pod-network.ts'
export { CniPodNetwork } from '../cni/cni-pod-network.ts'
export type { CniPodNetworkDeps } from '../cni/cni-pod-network.ts'
export type { NetworkedPod } from '../cni/capability-arguments.ts'
export { pluginPrograms } from '../cni/plugin-process.ts'
