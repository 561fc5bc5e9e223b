import { chmodSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import type { Container, Pod, VolumeMount } from '@kemu/api'
import type { Random } from '@kemu/base'
import type { Message } from '@kemu/rpc'
import type { Mount, MountPropagation } from '@kemu/rpc/cri'
import type { NodePaths } from '../config/node-paths.ts'
import { expand } from '../env/expansion.ts'
import type { MountedVolumes } from '../volumes/volume-manager.ts'
import { hostNetworkHostsFile, podHostsFile } from './hosts-file.ts'
import type { PodHostname } from './pod-hostname.ts'

export interface MountInputs {
  readonly pod: Pod
  readonly container: Container
  readonly volumes: MountedVolumes
  readonly environment: ReadonlyMap<string, string>
  readonly podIps: readonly string[]
  readonly hostname: PodHostname
}

export interface ContainerMountsDeps {
  readonly paths: NodePaths
  readonly random: Random
  /** The node's own hosts file, for pods on its network. */
  readonly nodeHosts: () => string
}

const etcHosts = '/etc/hosts'

/**
 * Volumes, the hosts file and the file for the last words of a container. Throws Errors in
 * upstream's words.
 */
export function containerMounts(deps: ContainerMountsDeps, inputs: MountInputs): Message<Mount>[] {
  const { container } = inputs
  const mounts: Message<Mount>[] = []
  for (const mount of container.volumeMounts ?? []) mounts.push(volumeMount(inputs, mount))
  if (!mounts.some(({ containerPath }) => containerPath === etcHosts)) {
    const hosts = hostsMount(deps, inputs)
    if (hosts) mounts.push(hosts)
  }
  const message = messageMount(deps, inputs)
  if (message) mounts.push(message)
  return mounts
}

function volumeMount(inputs: MountInputs, mount: VolumeMount): Message<Mount> {
  const { container, volumes } = inputs
  const volume = volumes.get(mount.name)
  if (!volume)
    throw new Error(
      `cannot find volume "${mount.name}" to mount into container "${container.name}"`,
    )
  const below = subPathOf(inputs, mount)
  const hostPath = below === '' ? volume.hostPath : subPath(inputs, mount, below)
  return {
    containerPath: isAbsolute(mount.mountPath) ? mount.mountPath : `/${mount.mountPath}`,
    hostPath,
    readonly: (mount.readOnly ?? false) || volume.readOnly,
    propagation: propagationOf(mount.mountPropagation),
    recursiveReadOnly: mount.recursiveReadOnly === 'Enabled',
  }
}

function subPathOf({ environment }: MountInputs, mount: VolumeMount): string {
  const { subPathExpr } = mount
  if (!subPathExpr) return mount.subPath ?? ''
  const expanded = expand(subPathExpr, environment)
  const unknown = /\$\(([^)]*)\)/.exec(expanded)
  if (unknown) throw new Error(`missing value for ${unknown[1]}`)
  return expanded
}

/** Makes the directory if need be and refuses what leads out of the volume. */
function subPath(inputs: MountInputs, mount: VolumeMount, below: string): string {
  const { container, volumes } = inputs
  if (isAbsolute(below)) throw new Error(`error SubPath \`${below}\` must not be an absolute path`)
  if (below.split('/').includes('..'))
    throw new Error(`unable to provision SubPath \`${below}\`: must not contain '..'`)
  const root = volumes.get(mount.name)!.hostPath
  const path = join(root, below)
  if (!statSync(path, { throwIfNoEntry: false })) {
    try {
      makeLike(root, path)
    } catch (error) {
      throw new Error(
        `failed to create subPath directory for volumeMount "${mount.name}" of container "${container.name}"`,
        { cause: error },
      )
    }
  }
  const real = realpathSync(path)
  // Volumes of objects keep their files in directories whose names begin with two dots.
  if (/^\.\.(\/|$)/.test(relative(realpathSync(root), real)))
    throw new Error(
      `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"`,
    )
  return real
}

/** Each directory that is missing on the way has the permissions of the volume (SafeMakeDir). */
function makeLike(root: string, path: string): void {
  const { mode } = statSync(root)
  const first = mkdirSync(path, { recursive: true })
  if (first === undefined) return
  for (let dir = path; dir.length >= first.length; dir = dirname(dir)) chmodSync(dir, mode & 0o7777)
}

function propagationOf(mode: string | undefined): MountPropagation {
  switch (mode) {
    case undefined:
    case 'None':
      return 'PROPAGATION_PRIVATE'
    case 'HostToContainer':
      return 'PROPAGATION_HOST_TO_CONTAINER'
    case 'Bidirectional':
      return 'PROPAGATION_BIDIRECTIONAL'
    default:
      throw new Error(`invalid MountPropagation mode: "${mode}"`)
  }
}

function hostsMount(
  { paths, nodeHosts }: ContainerMountsDeps,
  { pod, podIps, hostname }: MountInputs,
): Message<Mount> | undefined {
  if (podIps.length === 0 && !pod.spec.hostNetwork) return undefined
  const aliases = pod.spec.hostAliases ?? []
  const text = pod.spec.hostNetwork
    ? hostNetworkHostsFile(nodeHosts(), aliases)
    : podHostsFile(podIps, hostname, aliases)
  const hostPath = paths.etcHosts(pod.metadata.uid)
  mkdirSync(paths.podDir(pod.metadata.uid), { recursive: true, mode: 0o750 })
  writeFileSync(hostPath, text, { mode: 0o644 })
  return { containerPath: etcHosts, hostPath, readonly: false }
}

/** A file of its own for each start, writable for whoever the container runs as. */
function messageMount(
  { paths, random }: ContainerMountsDeps,
  { pod, container }: MountInputs,
): Message<Mount> | undefined {
  const { terminationMessagePath } = container
  if (!terminationMessagePath) return undefined
  const folder = paths.containerDir(pod.metadata.uid, container.name)
  mkdirSync(folder, { recursive: true, mode: 0o750 })
  const hostPath = join(folder, random.bytes(4).toString('hex'))
  writeFileSync(hostPath, '')
  chmodSync(hostPath, 0o666)
  const containerPath = isAbsolute(terminationMessagePath)
    ? terminationMessagePath
    : `/${terminationMessagePath}`
  return { containerPath, hostPath, readonly: false }
}
