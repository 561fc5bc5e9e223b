import { join } from 'node:path'
import { componentCommand } from '@kemu/base'
import type { Program } from '@kemu/base'
import type { ChildSpec } from './child.ts'
import type { HostConfig } from './host-config.ts'

/** Where things lie below a host's root. */
export const places = {
  hostConfig: '/etc/kemu/host.json',
  hostsFile: '/etc/hosts',
  lifeline: '/run/lifeline',
  controlSocket: '/run/host.sock',
  runtimeSocket: '/run/cri.sock',
  runtimeRoot: '/var/lib/containers',
  cniConfig: '/etc/cni/net.d',
  cniState: '/var/lib/cni',
  kubeletConfig: '/var/lib/kubelet/config.yaml',
  kubeletRoot: '/var/lib/kubelet',
  kubeletKubeconfig: '/etc/kubernetes/kubelet.conf',
  bootstrapKubeconfig: '/etc/kubernetes/bootstrap-kubelet.conf',
  logs: '/var/log',
} as const

export interface ComponentContext {
  readonly config: HostConfig
  readonly program: Program
  /** The prefix of every place: '' where the host's directory is the root. */
  readonly prefix: string
  /** A short directory that leads to <prefix>/run, for sockets. */
  readonly runDir: string
  readonly inherited: Readonly<Record<string, string>>
}

/** What a host runs besides pods, in start order: the container runtime and the kubelet. */
export function hostComponents(context: ComponentContext): ChildSpec[] {
  return [containerRuntime(context), kubelet(context)]
}

function containerRuntime(context: ComponentContext): ChildSpec {
  const { config, prefix, program, runDir } = context
  return child(context, 'container-runtime', [
    `--listen=unix://${join(runDir, 'cri.sock')}`,
    `--root=${prefix}${places.runtimeRoot}`,
    `--network=${config.driver}`,
    `--cni-conf-dir=${prefix}${places.cniConfig}`,
    `--cni-state-dir=${prefix}${places.cniState}`,
    `--node-address=${config.address}`,
    `--bundles=${join(program.root, 'packages/cli/dist/bundles')}`,
  ])
}

function kubelet(context: ComponentContext): ChildSpec {
  const { config, prefix, runDir } = context
  return child(context, 'kubelet', [
    `--config=${prefix}${places.kubeletConfig}`,
    `--kubeconfig=${prefix}${places.kubeletKubeconfig}`,
    `--bootstrap-kubeconfig=${prefix}${places.bootstrapKubeconfig}`,
    `--container-runtime-endpoint=unix://${join(runDir, 'cri.sock')}`,
    `--root-dir=${prefix}${places.kubeletRoot}`,
    `--cert-dir=${prefix}${places.kubeletRoot}/pki`,
    `--hostname-override=${config.name}`,
    `--node-ip=${config.address}`,
    ...(prefix === '' ? [] : [`--root-prefix=${prefix}`]),
    ...config.kubeletFlags,
  ])
}

function child(context: ComponentContext, name: string, flags: readonly string[]): ChildSpec {
  const { prefix, program, inherited } = context
  return {
    name,
    command: componentCommand(program, name, flags),
    logFile: `${prefix}${places.logs}/${name}.log`,
    env: {
      ...inherited,
      // Where the host's directory is the root, a PID namespace ends everything with the supervisor.
      ...(prefix === '' ? {} : { KEMU_LIFELINE: `${prefix}${places.lifeline}` }),
      KEMU_HOSTS_FILE: `${prefix}${places.hostsFile}`,
    },
  }
}
