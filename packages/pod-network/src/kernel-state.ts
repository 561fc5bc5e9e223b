import type { Route, Underlay } from './plan.ts'

/** Marks the routes that are ours (rtm_protocol), so that a restarted process finds what another life of it left. */
export const routeProtocol = '76'

/** A VXLAN device as the kernel shows it. */
export interface TunnelState {
  readonly device: string
  readonly vni: number
  readonly port: number
  readonly underlay: string
  readonly local: string
  readonly address: string | undefined
  readonly mac: string
  readonly mtu: number
  readonly isUp: boolean
}

interface LinkJson {
  readonly ifname: string
  readonly mtu: number
  readonly address?: string
  readonly flags?: readonly string[]
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[]
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: {
      readonly id?: number
      readonly port?: number
      readonly link?: string
      readonly local?: string
    }
  }
}

interface RouteJson {
  readonly type?: string
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  readonly flags?: readonly string[]
}

/** Finds in `ip -json address show` the interface with this address. */
export function parseUnderlay(text: string, address: string): Underlay | undefined {
  for (const { ifname, mtu, addr_info = [] } of parseList<LinkJson>(text)) {
    const own = addr_info.find(({ local }) => local === address)
    if (own) return { device: ifname, prefixLength: own.prefixlen ?? 32, mtu }
  }
  return undefined
}

/** `ip -json route show`. */
export function parseRoutes(text: string): Route[] {
  return parseList<RouteJson>(text).map(
    ({ type, dst, gateway = '', dev = '', flags = [] }): Route => {
      const to = dst.includes('/') ? dst : `${dst}/32`
      return type === 'blackhole'
        ? { kind: 'blackhole', to }
        : { kind: 'via', to, gateway, device: dev, onlink: flags.includes('onlink') }
    },
  )
}

/** The VXLAN devices of `ip -json -details address show`. */
export function parseTunnels(text: string): TunnelState[] {
  return parseList<LinkJson>(text)
    .filter(({ linkinfo }) => linkinfo?.info_kind === 'vxlan')
    .map(({ ifname, mtu, address = '', flags = [], addr_info = [], linkinfo }) => {
      const { id = 0, port = 0, link = '', local = '' } = linkinfo?.info_data ?? {}
      return {
        device: ifname,
        vni: id,
        port,
        underlay: link,
        local,
        address: addr_info.find((info) => info.local?.includes('.'))?.local,
        mac: address,
        mtu,
        isUp: flags.includes('UP'),
      }
    })
}

/** `ip -json neighbour show` or `bridge -json fdb show`: two fields of each entry, as `first second`. */
export function parseEntries(text: string, first: string, second: string): Set<string> {
  return new Set(
    parseList<Record<string, string | undefined>>(text)
      .filter((entry) => entry[first] !== undefined && entry[second] !== undefined)
      .map((entry) => `${entry[first]} ${entry[second]}`),
  )
}

/** iproute2 prints nothing at all for some empty lists. */
function parseList<T>(text: string): T[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as T[])
}
