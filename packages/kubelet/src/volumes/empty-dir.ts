import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { Quantity } from '@kemu/api'
import type { Pod, Volume } from '@kemu/api'
import type { NodeAllocatable } from '../env/resource-field-ref.ts'
import { allContainers } from '../sync/pod-spec.ts'
import { giveTo } from './give-to.ts'
import type { MemoryMounts } from './memory-mounts.ts'
import { VolumeError } from './payload.ts'

export interface EmptyDirInputs {
  readonly pod: Pod
  readonly source: NonNullable<Volume['emptyDir']>
  readonly allocatable: NodeAllocatable
  /** Undefined where nothing can be mounted: then it is a directory on disk. */
  readonly memory: MemoryMounts | undefined
}

/** A directory that lives as long as the pod. */
export async function makeEmptyDir(dir: string, inputs: EmptyDirInputs): Promise<void> {
  const { pod, source, memory } = inputs
  const { medium = '' } = source
  if (medium.startsWith('HugePages'))
    throw new VolumeError(`emptyDir medium ${medium} is not emulated`)
  const isThere = existsSync(dir)
  mkdirSync(dir, { recursive: true })
  // A host that was stopped comes back without its mounts.
  const isMounted =
    medium === 'Memory' && (await memory?.mount(dir, memoryDirBytes(inputs))) === true
  if (isThere && !isMounted) return
  const { fsGroup } = pod.spec.securityContext ?? {}
  if (fsGroup !== undefined) giveTo(dir, 0, fsGroup)
  // perm of the emptydir plugin; the set-group-id bit hands the group on to what is made in it.
  const permissions = fsGroup === undefined ? 0o777 : 0o2777
  // The sticky bit of a new tmpfs stays: the plugin looks at the nine permission bits only.
  chmodSync(dir, isMounted ? permissions | 0o1000 : permissions)
}

/** The least of the node's memory, the pod's memory limit and the volume's own (calculateEmptyDirMemorySize). */
export function memoryDirBytes({
  pod,
  source,
  allocatable,
}: Omit<EmptyDirInputs, 'memory'>): number {
  const units = (text: string | undefined): number =>
    text === undefined ? 0 : Quantity.parse(text).units
  const limits = allContainers(pod).map((c) => units(c.resources?.limits?.['memory']))
  const isLimited = limits.length > 0 && limits.every((bytes) => bytes > 0)
  const podLimit = isLimited ? limits.reduce((sum, bytes) => sum + bytes, 0) : 0
  const wanted = [units(allocatable['memory']), podLimit, units(source.sizeLimit)]
  return Math.min(...wanted.filter((bytes) => bytes > 0))
}
