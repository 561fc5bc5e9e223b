import type { PodNetworkChoice } from '@kemu/kubeadm'
import { CliError } from '../cli-error.ts'

/** Where a host container finds and puts what it shares with others; compose mounts volumes there. */
export const shared = {
  /** The cluster's authorities and token: hosts of the control plane only. */
  controlPlane: '/var/lib/kemu-control-plane',
  /** How to join: written by the control plane, read by workers. */
  join: '/var/lib/kemu-join',
  /** A directory of the person's machine. */
  kubeconfig: '/kubeconfig',
} as const

/** Stands when a host of the control plane has done all that kubeadm init does, since its container started. */
export const initializedMark = '/run/kemu/initialized'

/** What a container is told by its environment; docker-compose.yml says it for each service. */
export type ContainerRole =
  | {
      readonly kind: 'control-plane'
      readonly nodeName: string
      readonly clusterName: string
      /** Every host of the control plane, by the name under which the containers' network knows it. */
      readonly controlPlanes: readonly string[]
      /** Where the person's machine reaches the API server: host:port. */
      readonly apiAddress: string
      readonly podNetwork: PodNetworkChoice
    }
  | { readonly kind: 'worker'; readonly nodeName: string }

/** Reads KEMU_ROLE and the variables that belong to it. */
export function readRole(env: Readonly<Record<string, string | undefined>>): ContainerRole {
  const kind = env['KEMU_ROLE']
  const nodeName = required(env, 'KEMU_NODE_NAME')
  if (kind === 'worker') return { kind, nodeName }
  if (kind !== 'control-plane') {
    throw new CliError(`KEMU_ROLE must be control-plane or worker, not "${kind ?? ''}"`, 'usage')
  }
  const controlPlanes = (env['KEMU_CONTROL_PLANES'] || nodeName).split(/[\s,]+/)
  if (!controlPlanes.includes(nodeName)) {
    throw new CliError(
      `KEMU_CONTROL_PLANES names ${controlPlanes.join(', ')}, and not this host, ${nodeName}`,
      'usage',
    )
  }
  if (controlPlanes.length % 2 === 0) {
    throw new CliError(
      'KEMU_CONTROL_PLANES must name 1, 3 or 5 hosts: each carries a member of etcd',
      'usage',
    )
  }
  return {
    kind,
    nodeName,
    clusterName: env['KEMU_CLUSTER'] || 'kemu',
    controlPlanes,
    apiAddress: env['KEMU_API_ADDRESS'] || '127.0.0.1:6443',
    podNetwork: readPodNetwork(env['KEMU_POD_NETWORK'] || 'host-gw'),
  }
}

function readPodNetwork(text: string): PodNetworkChoice {
  if (text === 'host-gw' || text === 'vxlan' || text === 'none') return text
  throw new CliError(`KEMU_POD_NETWORK must be host-gw, vxlan or none, not "${text}"`, 'usage')
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name]
  if (!value) throw new CliError(`${name} is not set`, 'usage')
  return value
}
