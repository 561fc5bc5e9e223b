/** A pod as the plugins of its network are told of it; from CRI's PodSandboxConfig. */
export interface NetworkedPod {
  readonly sandboxId: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly annotations: Readonly<Record<string, string>>
  readonly hostPorts: readonly PodHostPort[]
  readonly dns: PodDns | undefined
  /** Empty: none. */
  readonly cgroupParent: string
}

export interface PodHostPort {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly hostPort: number
  readonly containerPort: number
  readonly hostIp: string
}

export interface PodDns {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

/** A bandwidth annotation that is no sensible quantity; upstream's words. */
export class InvalidBandwidth extends Error {
  override name = 'InvalidBandwidth'
}

/** CNI_ARGS as containerd gives it. */
export function cniArgs({ sandboxId, namespace, name, uid }: NetworkedPod): string {
  return [
    'IgnoreUnknown=1',
    `K8S_POD_NAMESPACE=${namespace}`,
    `K8S_POD_NAME=${name}`,
    `K8S_POD_INFRA_CONTAINER_ID=${sandboxId}`,
    `K8S_POD_UID=${uid}`,
  ].join(';')
}

/** The capability arguments that containerd has for a pod (cniNamespaceOpts). Throws InvalidBandwidth. */
export function capabilityArguments(pod: NetworkedPod): Readonly<Record<string, unknown>> {
  const portMappings = pod.hostPorts.map(({ protocol, hostPort, containerPort, hostIp }) => ({
    hostPort,
    containerPort,
    protocol: protocol.toLowerCase(),
    hostIP: hostIp,
  }))
  const bandwidth = bandwidthOf(pod.annotations)
  return {
    'io.kubernetes.cri.pod-annotations': pod.annotations,
    ...(portMappings.length > 0 && { portMappings }),
    ...(bandwidth && { bandwidth }),
    ...(pod.dns && { dns: pod.dns }),
    ...(pod.cgroupParent !== '' && { cgroupPath: pod.cgroupParent }),
  }
}

/** No limit of a burst but the number's size: math.MaxUint32 in containerd. */
const burstBits = 4_294_967_295

function bandwidthOf(
  annotations: NetworkedPod['annotations'],
): Readonly<Record<string, number>> | undefined {
  const ingress = annotations['kubernetes.io/ingress-bandwidth']
  const egress = annotations['kubernetes.io/egress-bandwidth']
  if (ingress === undefined && egress === undefined) return undefined
  return {
    ...(ingress !== undefined && { ingressRate: bitsOf(ingress), ingressBurst: burstBits }),
    ...(egress !== undefined && { egressRate: bitsOf(egress), egressBurst: burstBits }),
  }
}

const multiples: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

/** A Kubernetes quantity of bits per second within 1k and 1P (validateBandwidthIsReasonable). */
function bitsOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/.exec(text)
  if (!match)
    throw new InvalidBandwidth(
      'reading pod bandwidth annotations: quantities must match the regular expression ' +
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )
  const bits = Number(match[1]) * multiples[match[2] ?? '']!
  if (bits < 1e3)
    throw new InvalidBandwidth(
      'reading pod bandwidth annotations: resource is unreasonably small (< 1kbit)',
    )
  if (bits > 1e15)
    throw new InvalidBandwidth(
      'reading pod bandwidth annotations: resource is unreasonably large (> 1Pbit)',
    )
  return Math.ceil(bits)
}
