/** What a set field that decides nothing here means. */
type Treatment =
  /** Known and used. */
  | 'used'
  /** Used where the kernel's rules carry connections, else without effect. */
  | 'rules only'
  /** Tuning of a rule engine that is not there: accepted, said once, no effect. */
  | 'no effect'
  /** Would change behaviour that is not emulated. */
  | 'refused'

type Fields = Record<string, unknown>

/** Every field of KubeProxyConfiguration v1alpha1. */
const treatments: Readonly<Record<string, Treatment>> = {
  apiVersion: 'used',
  kind: 'used',
  mode: 'used',
  bindAddress: 'used',
  bindAddressHardFail: 'used',
  clusterCIDR: 'used',
  hostnameOverride: 'used',
  healthzBindAddress: 'used',
  metricsBindAddress: 'used',
  nodePortAddresses: 'used',
  'clientConnection.kubeconfig': 'used',
  'iptables.localhostNodePorts': 'used',
  'conntrack.udpTimeout': 'used',
  'conntrack.udpStreamTimeout': 'used',
  'clientConnection.acceptContentTypes': 'no effect',
  'clientConnection.contentType': 'no effect',
  'clientConnection.qps': 'no effect',
  'clientConnection.burst': 'no effect',
  configSyncPeriod: 'no effect',
  oomScoreAdj: 'no effect',
  showHiddenMetricsForVersion: 'no effect',
  logging: 'no effect',
  'conntrack.maxPerCore': 'no effect',
  'conntrack.min': 'no effect',
  'conntrack.tcpBeLiberal': 'rules only',
  'conntrack.tcpCloseWaitTimeout': 'rules only',
  'conntrack.tcpEstablishedTimeout': 'rules only',
  'iptables.masqueradeBit': 'no effect',
  'iptables.minSyncPeriod': 'no effect',
  'iptables.syncPeriod': 'no effect',
  'nftables.masqueradeBit': 'rules only',
  'nftables.minSyncPeriod': 'no effect',
  'nftables.syncPeriod': 'no effect',
  ipvs: 'no effect',
  winkernel: 'no effect',
  'iptables.masqueradeAll': 'no effect',
  'nftables.masqueradeAll': 'rules only',
  detectLocal: 'refused',
  detectLocalMode: 'refused',
  enableProfiling: 'refused',
  featureGates: 'refused',
  portRange: 'refused',
  windowsRunAsService: 'refused',
}

/** Values that say the same as leaving the field out. */
const saysNothing: Readonly<Record<string, readonly unknown[]>> = {
  detectLocalMode: ['ClusterCIDR'],
}

/** Sorts out the fields that are set: which have no effect, and which cannot be honoured (with the reason's path). */
export function inertFields(
  fields: Fields,
  carrier: 'sockets' | 'rules' | 'auto',
): { withoutEffect: string[]; refused: string[] } {
  const withoutEffect: string[] = []
  const refused: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (isEmpty(value) || saysNothing[path]?.includes(value)) return
    const treatment = treatments[path]
    if (treatment === undefined && isRecord(value) && isGroup(path)) {
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`)
    } else if (treatment === undefined) refused.push(`unknown field ${path}`)
    else if (treatment === 'refused') refused.push(path)
    else if (treatment === 'no effect') withoutEffect.push(path)
    else if (treatment === 'rules only' && carrier === 'sockets') withoutEffect.push(path)
  }
  for (const [key, value] of Object.entries(fields)) visit(value, key)
  return { withoutEffect, refused }
}

function isGroup(path: string): boolean {
  return Object.keys(treatments).some((known) => known.startsWith(`${path}.`))
}

/** kubeadm writes every field of the type, most of them with their zero value. */
function isEmpty(value: unknown): boolean {
  if (isRecord(value)) return Object.values(value).every(isEmpty)
  const zeros: unknown[] = [undefined, null, '', 0, false, '0s', '0']
  return zeros.includes(value) || (Array.isArray(value) && value.length === 0)
}

function isRecord(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
