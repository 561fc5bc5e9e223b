import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FlagError } from '@kemu/base'
import type { Flags, FlagSpecs } from '@kemu/base'
import type { ContainerRuntimeOptions } from './server.ts'

export const containerRuntimeFlags = {
  listen: {
    type: 'string',
    default: '/run/kemu/containerd.sock',
    help: 'unix socket that serves CRI, as a path or unix:///path',
  },
  root: {
    type: 'string',
    default: '/var/lib/kemu/containers',
    help: 'directory for pods, containers and images; survives restarts',
  },
  network: { type: 'string', default: 'loopback', help: 'network of pods: loopback or netns' },
  isolation: {
    type: 'string',
    default: 'auto',
    help: 'auto: namespaces and a private root where the machine allows them; plain: process trees of this user',
  },
  'oci-runtime': {
    type: 'string',
    default: 'auto',
    help: "auto: crun starts loaded images' containers where it is installed; none: this runtime does it itself",
  },
  'cni-conf-dir': {
    type: 'string',
    default: '/etc/cni/net.d',
    help: 'directory of CNI configurations; the first one by name is used',
  },
  'cni-bin-dir': {
    type: 'list',
    default: ['/opt/cni/bin', '/usr/lib/cni'],
    help: 'directories of CNI plugins, searched in order',
  },
  'cni-state-dir': {
    type: 'string',
    default: '/var/lib/cni',
    help: "directory for pods' addresses and what plugins did; survives restarts",
  },
  'node-address': {
    type: 'string',
    default: '127.0.0.1',
    help: "this node's own address, for pods on its network",
  },
  'streaming-address': {
    type: 'string',
    default: '127.0.0.1:0',
    help: 'address that serves exec, attach and port-forward sessions',
  },
  bundles: {
    type: 'string',
    env: 'KEMU_BUNDLES',
    help: "directory of kemu's bundles, for the images of kemu's programs (default: beside this program)",
  },
} as const satisfies FlagSpecs

export function optionsFromFlags(
  flags: Flags<typeof containerRuntimeFlags>,
): ContainerRuntimeOptions {
  const { network, isolation } = flags
  if (isolation !== 'auto' && isolation !== 'plain')
    throw new FlagError(`--isolation: ${isolation} is not one of auto, plain`)
  if (network !== 'loopback' && network !== 'netns')
    throw new FlagError(`--network: ${network} is not one of loopback, netns`)
  const ociRuntime = flags['oci-runtime']
  if (ociRuntime !== 'auto' && ociRuntime !== 'none')
    throw new FlagError(`--oci-runtime: ${ociRuntime} is not one of auto, none`)
  return {
    socketPath: flags.listen.replace(/^unix:\/\//, ''),
    root: flags.root,
    network,
    isolation,
    cniConfDir: flags['cni-conf-dir'],
    cniBinDirs: flags['cni-bin-dir'],
    cniStateDir: flags['cni-state-dir'],
    ociRuntime,
    nodeAddress: flags['node-address'],
    streamingAddress: flags['streaming-address'],
    bundles: flags.bundles ?? dirname(fileURLToPath(import.meta.url)),
    lifeline: process.env['KEMU_LIFELINE'] ?? '',
    nodeHosts: process.env['KEMU_HOSTS_FILE'] ?? '/etc/hosts',
  }
}
