/** What a chain of plugins made (CNI specification 1.0, section 5). Keys that are not known here are passed on. */
export interface CniResult {
  readonly cniVersion: string
  readonly interfaces?: readonly CniInterface[]
  readonly ips?: readonly CniAddress[]
  readonly routes?: readonly CniRoute[]
  readonly dns?: Readonly<Record<string, unknown>>
}

export interface CniInterface {
  readonly name: string
  readonly mac?: string
  /** Path of the network namespace; absent: the host's. */
  readonly sandbox?: string
}

export interface CniAddress {
  /** With its prefix length. */
  readonly address: string
  readonly gateway?: string
  /** Index into `interfaces`. */
  readonly interface?: number
}

export interface CniRoute {
  readonly dst: string
  readonly gw?: string
}

/** The result's addresses, the pod's own first: IPv4 before IPv6, as containerd chooses. */
export function podAddresses({ interfaces = [], ips = [] }: CniResult): string[] {
  const inPod = ips.filter(
    (ip) => ip.interface === undefined || interfaces[ip.interface]?.sandbox !== undefined,
  )
  const all = inPod.map(({ address }) => address.split('/')[0]!)
  const first = all.find((address) => !address.includes(':')) ?? all[0]
  return first === undefined ? [] : [first, ...all.filter((address) => address !== first)]
}

/** The shape in which containerd's `crictl inspectp` shows a result. */
export function viewResult({ interfaces = [], ips = [], dns, routes }: CniResult): object {
  const configs = interfaces.map((each, index) => [
    each.name,
    {
      IPConfigs: ips
        .filter((ip) => (ip.interface ?? 0) === index)
        .map(({ address, gateway = '' }) => ({ IP: address.split('/')[0], Gateway: gateway })),
      Mac: each.mac ?? '',
      Sandbox: each.sandbox ?? '',
      PciID: '',
      SocketPath: '',
    },
  ])
  return { Interfaces: Object.fromEntries(configs), DNS: [dns ?? {}], Routes: routes ?? null }
}
