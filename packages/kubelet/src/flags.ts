import { FlagError } from '@kemu/base'
import type { Flags, FlagSpecs } from '@kemu/base'
import type { Taint } from '@kemu/api'

export const kubeletFlags = {
  config: {
    type: 'string',
    help: 'file with a KubeletConfiguration (kubelet.config.k8s.io/v1beta1)',
  },
  kubeconfig: {
    type: 'string',
    help: 'how to reach the API server; without it the kubelet is standalone',
  },
  'bootstrap-kubeconfig': {
    type: 'string',
    help: 'used to get a client certificate when the file of --kubeconfig does not exist',
  },
  'container-runtime-endpoint': {
    type: 'string',
    help: "unix socket of the container runtime; the configuration's containerRuntimeEndpoint stands in",
  },
  'root-dir': {
    type: 'string',
    default: '/var/lib/kubelet',
    help: 'directory of volumes and state',
  },
  'cert-dir': { type: 'string', help: 'directory of certificates (default <root-dir>/pki)' },
  'hostname-override': { type: 'string', help: "the node's name in place of the host's" },
  'node-ip': { type: 'list', help: "the node's address, or two of them for two families" },
  'node-labels': { type: 'map', help: 'labels of the node when it registers' },
  'register-with-taints': {
    type: 'list',
    help: 'taints of the node when it registers: key=value:effect',
  },
  'register-node': {
    type: 'boolean',
    default: true,
    help: 'register the node with the API server',
  },
  'register-schedulable': { type: 'boolean', default: true, help: 'register it as schedulable' },
  'root-prefix': {
    type: 'string',
    env: 'KEMU_ROOT_PREFIX',
    help: "directory that stands for the host's root (emulated hosts without a mount namespace)",
  },
} as const satisfies FlagSpecs

export type KubeletFlags = Flags<typeof kubeletFlags>

/** `key=value:effect`, `key:effect`. */
export function parseTaint(text: string): Taint {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text)
  if (!match) throw new FlagError(`--register-with-taints: invalid taint spec: ${text}`)
  const [, key, value, effect] = match
  return { key: key!, ...(value && { value }), effect: effect! }
}
