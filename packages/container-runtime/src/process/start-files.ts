import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RpcError, status } from '@kemu/rpc'
import type { ContainerRecord } from '../store/records.ts'
import type { Mount } from '@kemu/rpc/cri'
import { ociConfig } from '../oci/oci-config.ts'
import { ociInnerScript, startedHook } from '../oci/oci-script.ts'
import { namespacesOf } from '../store/records.ts'
import type { Isolation } from './isolation.ts'
import type { LaunchRequest } from './launch-plan.ts'
import {
  isolatedInnerScript,
  isolatedRunScript,
  ociRunScript,
  plainRunScript,
} from './launch-script.ts'
import type { EnterNamespaces, Launch, ProcessSettings } from './launch-script.ts'
import { formatMountTable } from './mount-table.ts'
import { allMounts, prepareRootfs } from './rootfs.ts'
import type { RootBase, RootfsPlan } from './rootfs.ts'
import { machineTools, toolboxTools } from './toolbox.ts'

/** Who makes the container's namespaces and starts its program, once everything is planned. */
export type Starter =
  | { readonly kind: 'tools' }
  | { readonly kind: 'oci'; readonly runtime: string; readonly stateDir: string }

/** All that is known when a container is to be started. */
export interface ContainerStart {
  readonly launch: Launch
  readonly request: LaunchRequest
  readonly isolation: Isolation
  readonly base: RootBase
  /** Volumes that the image asks for, beside the pod's. */
  readonly imageVolumes: readonly Mount[]
  readonly starter: Starter
  readonly settings: ProcessSettings
  readonly pausePid: number | undefined
  readonly ownNetwork: boolean
  readonly targetPid: number | undefined
}

/** Writes what the shim runs into the container's directory: one plan, started by the machine's tools or by crun. */
export function writeStartFiles(start: ContainerStart, dir: string): void {
  const io = join(dir, 'io')
  const { launch, isolation, starter, settings } = start
  if (isolation.level === 'plain') return writeFileSync(join(io, 'run.sh'), plainRunScript(launch))
  const plan = planRootfs(start, dir)
  const common = {
    launch,
    enter: namespacesToEnter(start),
    ownPid: hasOwnPids(start.request.container),
    root: join(dir, 'fs/merged'),
    propagation: propagationOf(start),
  } as const
  if (starter.kind === 'tools') {
    const tools = start.base.kind === 'machine' ? machineTools : toolboxTools
    const isolated = { ...common, tools }
    writeFileSync(join(io, 'fstab'), formatMountTable(allMounts(plan)))
    writeFileSync(join(io, 'inner.sh'), isolatedInnerScript(isolated))
    writeFileSync(join(io, 'run.sh'), isolatedRunScript(isolated, settings))
    return
  }
  const { runtime, stateDir } = starter
  const { id, config } = start.request.container
  const bundle = join(dir, 'bundle')
  mkdirSync(bundle, { recursive: true, mode: 0o700 })
  const oci = ociConfig({
    ...common,
    binds: [...plan.machine, ...plan.volumes],
    security: config.linux?.securityContext,
    sysfs: isolation.sysfs,
    started: startedHook(io),
  })
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(oci))
  writeFileSync(join(io, 'fstab'), formatMountTable(plan.root))
  writeFileSync(
    join(io, 'inner.sh'),
    ociInnerScript({ runtime, stateDir, bundle, containerId: id, log: join(io, 'error') }),
  )
  writeFileSync(join(io, 'run.sh'), ociRunScript(common.propagation, settings))
}

function planRootfs(start: ContainerStart, dir: string): RootfsPlan {
  const { request, isolation, base } = start
  const { config } = request.container
  return prepareRootfs({
    dir: join(dir, 'fs'),
    base,
    podFiles: {
      '/etc/hosts': request.files.hosts,
      '/etc/hostname': request.files.hostname,
      '/etc/resolv.conf': request.files.resolvConf,
      ...(existsSync(request.files.shm) ? { '/dev/shm': request.files.shm } : {}),
    },
    mounts: [...start.imageVolumes, ...config.mounts],
    workingDir: start.launch.workingDir,
    security: config.linux?.securityContext,
    overlay: isolation.overlay,
    userXattr: isolation.userXattr,
    sysfs: isolation.sysfs,
  })
}

function propagationOf({ request }: ContainerStart): 'private' | 'slave' {
  const { mounts } = request.container.config
  return mounts.some((m) => m.propagation === 'PROPAGATION_HOST_TO_CONTAINER') ? 'slave' : 'private'
}

/** The pod's namespaces by its pause process; for a debug container the target's PID namespace. */
function namespacesToEnter(start: ContainerStart): EnterNamespaces {
  const { pausePid, request, ownNetwork, targetPid } = start
  if (pausePid === undefined)
    throw new RpcError(status.UNKNOWN, `sandbox container "${request.sandbox.id}" is not running`)
  const { hostNetwork, hostIpc } = namespacesOf(request.sandbox.config)
  const pid = request.container.config.linux?.securityContext?.namespaceOptions?.pid
  const pidHolder = pid === 'TARGET' ? targetPid : pid === 'POD' ? pausePid : undefined
  return {
    ...(ownNetwork && !hostNetwork ? { net: `/proc/${pausePid}/ns/net` } : {}),
    ...(hostIpc ? {} : { ipc: `/proc/${pausePid}/ns/ipc` }),
    ...(hostNetwork ? {} : { uts: `/proc/${pausePid}/ns/uts` }),
    ...(pidHolder === undefined ? {} : { pid: `/proc/${pidHolder}/ns/pid` }),
  }
}

/** Whether a container has a PID namespace of its own, where there are any. */
export function hasOwnPids({ config }: ContainerRecord): boolean {
  const options = config.linux?.securityContext?.namespaceOptions
  return options === undefined || options === null || options.pid === 'CONTAINER'
}
