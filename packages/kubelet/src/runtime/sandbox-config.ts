import type { Pod } from '@kemu/api'
import type { Message } from '@kemu/rpc'
import type { DNSConfig, PodSandboxConfig, PortMapping } from '@kemu/rpc/cri'
import { sandboxLabels } from '../cri/cri-labels.ts'
import { sandboxSecurityContext } from './security-context.ts'

export interface SandboxInputs {
  readonly pod: Pod
  readonly attempt: number
  readonly logDirectory: string
  /** '' for pods on the node's network. */
  readonly hostname: string
  readonly dns: DNSConfig
}

/** What a runtime is told of a pod (generatePodSandboxConfig). Pure. */
export function sandboxConfig(inputs: SandboxInputs): Message<PodSandboxConfig> {
  const { pod, attempt } = inputs
  const { name, namespace = '', uid, annotations = {} } = pod.metadata
  const sysctls = Object.fromEntries(
    (pod.spec.securityContext?.sysctls ?? []).map((s) => [dotted(s.name), s.value] as const),
  )
  return {
    metadata: { name, namespace, uid, attempt },
    hostname: inputs.hostname,
    logDirectory: inputs.logDirectory,
    dnsConfig: inputs.dns,
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations,
    linux: { securityContext: sandboxSecurityContext(pod), sysctls },
  }
}

/** A sysctl may be written with slashes; dots in a name then stand for slashes of the path. */
function dotted(name: string): string {
  const slash = name.indexOf('/')
  const dot = name.indexOf('.')
  if (slash < 0 || (dot >= 0 && dot < slash)) return name
  return name.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))
}

/** Ports of the containers (MakePortMappings); one without a host port maps nothing but is told. */
function portMappings(pod: Pod): Message<PortMapping>[] {
  return pod.spec.containers.flatMap(({ ports = [] }) =>
    ports.map(({ containerPort, hostPort = 0, hostIP = '', protocol = 'TCP' }) => ({
      containerPort,
      hostPort,
      hostIp: hostIP,
      protocol: protocol as PortMapping['protocol'],
    })),
  )
}
