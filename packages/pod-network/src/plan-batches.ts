import { routeProtocol } from './kernel-state.ts'
import type { TunnelState } from './kernel-state.ts'
import { tunnelDevice, tunnelMac } from './plan.ts'
import type { NetworkPlan, Route, Tunnel } from './plan.ts'

/** What the kernel holds of ours. */
export interface KernelState {
  readonly routes: readonly Route[]
  /** All VXLAN devices of the namespace. */
  readonly tunnels: readonly TunnelState[]
  /** `gateway mac` of the tunnel's device. */
  readonly neighbours: ReadonlySet<string>
  /** `remote mac` of the tunnel's device. */
  readonly forwarding: ReadonlySet<string>
}

/** Lines for `ip -batch` and `bridge -batch`, to be run in this order. */
export interface Batches {
  readonly ip: readonly string[]
  readonly bridge: readonly string[]
  readonly routes: readonly string[]
}

/** The difference between what is there and what is planned for the node; nothing when they are equal. */
export function planBatches(node: string, state: KernelState, plan: NetworkPlan): Batches {
  const { tunnel } = plan
  const standing = tunnel && state.tunnels.find(({ device }) => device === tunnel.device)
  const isNew = tunnel !== undefined && (!standing || !isMadeAs(standing, tunnel))
  const stale = staleTunnels(node, state.tunnels, tunnel).map(({ device }) => device)
  const gone = isNew && tunnel ? [...stale, tunnel.device] : stale
  const peers = isNew ? { neighbours: new Set<string>(), forwarding: new Set<string>() } : state
  const made = tunnel
    ? [...deviceLines(standing, isNew, tunnel), ...neighbourLines(peers.neighbours, tunnel)]
    : []
  return {
    ip: [...stale.map((device) => `link delete ${device}`), ...made],
    bridge: tunnel ? forwardingLines(peers.forwarding, tunnel) : [],
    routes: routeLines(without(state.routes, gone), plan.routes),
  }
}

/** With a device go its routes. */
function without(routes: readonly Route[], devices: readonly string[]): readonly Route[] {
  return routes.filter((route) => route.kind !== 'via' || !devices.includes(route.device))
}

/** Tunnels of ours (the address tells) that an earlier configuration wanted. */
function staleTunnels(
  node: string,
  tunnels: readonly TunnelState[],
  wanted: Tunnel | undefined,
): readonly TunnelState[] {
  return tunnels.filter(
    ({ device, vni, mac }) =>
      device !== wanted?.device && device === tunnelDevice(vni) && mac === tunnelMac(node, vni),
  )
}

function isMadeAs(standing: TunnelState, wanted: Tunnel): boolean {
  return (
    standing.vni === wanted.vni &&
    standing.port === wanted.port &&
    standing.underlay === wanted.underlay &&
    standing.local === wanted.local &&
    standing.mac === wanted.mac
  )
}

function deviceLines(
  standing: TunnelState | undefined,
  isNew: boolean,
  { device, vni, port, underlay, local, address, mac, mtu }: Tunnel,
): string[] {
  const lines: string[] = []
  if (isNew) {
    if (standing) lines.push(`link delete ${device}`)
    lines.push(
      `link add ${device} address ${mac} mtu ${mtu} type vxlan id ${vni} dev ${underlay} local ${local} dstport ${port} nolearning`,
    )
  } else if (standing?.mtu !== mtu) lines.push(`link set ${device} mtu ${mtu}`)
  if (isNew || standing?.address !== address)
    lines.push(`address replace ${address}/32 dev ${device}`)
  if (isNew || !standing?.isUp) lines.push(`link set ${device} up`)
  return lines
}

function neighbourLines(neighbours: ReadonlySet<string>, { device, peers }: Tunnel): string[] {
  const wanted = new Set(peers.map(({ gateway, mac }) => `${gateway} ${mac}`))
  const gateways = new Set(peers.map(({ gateway }) => gateway))
  const gone = [...neighbours]
    .map((entry) => entry.split(' ')[0]!)
    .filter((gateway) => !gateways.has(gateway))
  return [
    ...gone.map((gateway) => `neighbour delete ${gateway} dev ${device}`),
    ...missing(wanted, neighbours).map(
      ([gateway, mac]) => `neighbour replace ${gateway} lladdr ${mac} dev ${device} nud permanent`,
    ),
  ]
}

function forwardingLines(forwarding: ReadonlySet<string>, { device, peers }: Tunnel): string[] {
  const wanted = new Set(peers.map(({ remote, mac }) => `${remote} ${mac}`))
  return [
    ...missing(forwarding, wanted).map(
      ([remote, mac]) => `fdb delete ${mac} dev ${device} dst ${remote} self`,
    ),
    ...missing(wanted, forwarding).map(
      ([remote, mac]) => `fdb append ${mac} dev ${device} dst ${remote} self permanent`,
    ),
  ]
}

/** The pairs of the first set that are not in the second. */
function missing(wanted: ReadonlySet<string>, standing: ReadonlySet<string>): [string, string][] {
  return [...wanted]
    .filter((pair) => !standing.has(pair))
    .map((pair) => pair.split(' ') as [string, string])
}

function routeLines(standing: readonly Route[], wanted: readonly Route[]): string[] {
  const there = new Set(standing.map(formatRoute))
  const destinations = new Set(wanted.map(({ to }) => to))
  return [
    ...wanted
      .map(formatRoute)
      .filter((line) => !there.has(line))
      .map((line) => `route replace ${line}`),
    ...standing
      .filter(({ to }) => !destinations.has(to))
      .map((route) => `route delete ${formatRoute(route)}`),
  ]
}

function formatRoute(route: Route): string {
  switch (route.kind) {
    case 'blackhole':
      return `blackhole ${route.to} protocol ${routeProtocol}`
    case 'via': {
      const { to, gateway, device, onlink } = route
      return `${to} via ${gateway} dev ${device} protocol ${routeProtocol}${onlink ? ' onlink' : ''}`
    }
  }
}
