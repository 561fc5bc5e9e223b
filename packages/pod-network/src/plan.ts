import { createHash } from 'node:crypto'
import {
  cidrContains,
  formatIp,
  isClusterLoopback,
  parseCidr,
  parseIp,
} from '@kemu/network/address'
import { formatNetwork, isPartOf } from './net-conf.ts'
import type { NetConf } from './net-conf.ts'
import type { NodePlace } from './node-place.ts'

/** The interface that a node's address is on. */
export interface Underlay {
  readonly device: string
  readonly prefixLength: number
  readonly mtu: number
}

/** A VXLAN device with its peers (the way of flannel: nothing is learned, everything is told). */
export interface Tunnel {
  readonly device: string
  readonly vni: number
  readonly port: number
  readonly underlay: string
  /** This node's address on the underlay. */
  readonly local: string
  /** The device's own, on no prefix: the first of the node's pod CIDR. */
  readonly address: string
  readonly mac: string
  readonly mtu: number
  readonly peers: readonly {
    readonly mac: string
    readonly gateway: string
    readonly remote: string
  }[]
}

export type Route =
  | { readonly kind: 'blackhole'; readonly to: string }
  | {
      readonly kind: 'via'
      readonly to: string
      readonly gateway: string
      readonly device: string
      readonly onlink: boolean
    }

/** What a node's network namespace must hold. */
export interface NetworkPlan {
  readonly routes: readonly Route[]
  readonly tunnel: Tunnel | undefined
  /** Of pods' interfaces; undefined: whatever they have. */
  readonly mtu: number | undefined
  /** Nodes whose pods cannot be reached, and why. */
  readonly refused: readonly { readonly node: string; readonly reason: string }[]
}

/** Outer Ethernet, IPv4, UDP and VXLAN headers. */
const vxlanOverheadBytes = 50

/**
 * The routes of one node. The blackhole under them keeps packets for pods that are nowhere from looking for another way
 * out. A node on an address of 127.0.0.0/8 has nothing to route: the machine answers on all of them.
 */
export function planNetwork(
  conf: NetConf,
  self: NodePlace,
  others: readonly NodePlace[],
  underlay: Underlay | undefined,
): NetworkPlan {
  if (conf.backend.kind === 'alloc' || isClusterLoopback(self.address))
    return { routes: [], tunnel: undefined, mtu: undefined, refused: [] }
  if (!underlay) throw new Error(`no interface of this host has the node's address ${self.address}`)
  const { backend } = conf
  const refused: { node: string; reason: string }[] = []
  const peers = others.filter((peer) => {
    const reason = refusal(conf, self, peer, underlay)
    if (reason !== undefined) refused.push({ node: peer.name, reason })
    return reason === undefined
  })
  const blackhole: Route = { kind: 'blackhole', to: formatNetwork(conf) }
  if (backend.kind === 'host-gw') {
    const { device, mtu } = underlay
    const routes = peers.map((peer) => viaNode(peer, device))
    return { routes: [blackhole, ...routes], tunnel: undefined, mtu, refused }
  }
  const tunnel = planTunnel(backend, self, peers, underlay)
  const routes = peers.map((peer): Route => {
    const gateway = networkAddress(peer.podCidr)
    return { kind: 'via', to: peer.podCidr, gateway, device: tunnel.device, onlink: true }
  })
  return { routes: [blackhole, ...routes], tunnel, mtu: tunnel.mtu, refused }
}

function viaNode({ podCidr, address }: NodePlace, device: string): Route {
  return { kind: 'via', to: podCidr, gateway: address, device, onlink: false }
}

function refusal(
  conf: NetConf,
  self: NodePlace,
  peer: NodePlace,
  { device, prefixLength }: Underlay,
): string | undefined {
  const podCidr = parseCidr(peer.podCidr)
  if (!podCidr || !isPartOf(conf, podCidr))
    return `its pod CIDR ${peer.podCidr} is not a part of Network ${formatNetwork(conf)}`
  const link = parseCidr(`${self.address}/${prefixLength}`)
  const address = parseIp(peer.address)
  const isOnLink = link && address && cidrContains(link, address)
  if (conf.backend.kind === 'host-gw' && !isOnLink)
    return `its address ${peer.address} is not on the link of ${device}; host-gw needs that, vxlan does not`
  return undefined
}

function planTunnel(
  { vni, port }: { readonly vni: number; readonly port: number },
  self: NodePlace,
  peers: readonly NodePlace[],
  underlay: Underlay,
): Tunnel {
  return {
    device: tunnelDevice(vni),
    vni,
    port,
    underlay: underlay.device,
    local: self.address,
    address: networkAddress(self.podCidr),
    mac: tunnelMac(self.name, vni),
    mtu: underlay.mtu - vxlanOverheadBytes,
    peers: peers.map((peer) => ({
      mac: tunnelMac(peer.name, vni),
      gateway: networkAddress(peer.podCidr),
      remote: peer.address,
    })),
  }
}

export function tunnelDevice(vni: number): string {
  return `vxlan.${vni}`
}

/**
 * Every node knows every other's: it is made from the node's name. (flannel draws it and tells the others by an
 * annotation of the node; see ADR 85.)
 */
export function tunnelMac(node: string, vni: number): string {
  const digest = createHash('sha256').update(`${vni}/${node}`).digest()
  // Locally administered, and of one station (IEEE 802).
  digest[0] = (digest[0]! | 0x02) & 0xfe
  return [...digest.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function networkAddress(cidr: string): string {
  return formatIp(parseCidr(cidr)!.first)
}
