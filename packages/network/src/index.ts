/**
 * The networks of emulated hosts and pods. This door gives the pod side: how a sandbox gets an address and a way to
 * it, on loopback addresses or in network namespaces.
 */
export { formatIpv4, IpPool, parseIpv4Block } from './pod/ip-pool.ts'
export type { IpPoolState, Ipv4Block } from './pod/ip-pool.ts'
export { findHeldSocket, readWildcardListeners } from './pod/listening-sockets.ts'
export type { ListeningSocket } from './pod/listening-sockets.ts'
export { LoopbackPodNetwork } from './pod/loopback.ts'
export { NetnsPodNetwork } from './pod/netns.ts'
export type { RunIpBatch } from './pod/netns.ts'
export type { NetworkNotReady, PodAttachment, PodNetwork } from './pod/pod-network.ts'
export { portShift, readPortPrivilege, shiftPort } from './pod/port-shift.ts'
export type { PortPrivilege } from './pod/port-shift.ts'
