import { rm } from 'node:fs/promises'
import type { ConfigMap, Pod, Secret, Volume } from '@kemu/api'
import type { Clock, Logger } from '@kemu/base'
import type { NodePaths } from '../config/node-paths.ts'
import type { RuntimeFacts } from '../env/field-ref.ts'
import type { NodeAllocatable } from '../env/resource-field-ref.ts'
import { writeAtomically } from './atomic-writer.ts'
import type { Payload } from './atomic-writer.ts'
import { makeEmptyDir } from './empty-dir.ts'
import { prepareHostPath } from './host-path.ts'
import type { MemoryMounts } from './memory-mounts.ts'
import {
  configMapPayload,
  downwardPayload,
  projectedPayload,
  secretPayload,
  VolumeError,
} from './payload.ts'
import type { PayloadInputs } from './payload.ts'

export interface VolumeManagerDeps {
  readonly paths: NodePaths
  readonly clock: Clock
  readonly logger: Logger
  readonly configMap: (namespace: string, name: string) => ConfigMap | undefined
  readonly secret: (namespace: string, name: string) => Secret | undefined
  readonly token: (pod: Pod, audience: string, expirationSeconds: number) => Promise<string>
  readonly allocatable: () => NodeAllocatable
  /** Undefined where nothing can be mounted. */
  readonly memory: MemoryMounts | undefined
}

/** Where each volume of a pod lies on the host, by its name. */
export type MountedVolumes = ReadonlyMap<string, MountedVolume>

export interface MountedVolume {
  readonly hostPath: string
  readonly readOnly: boolean
}

/** One volume that could not be set up, in the words of the FailedMount event. */
export interface FailedMount {
  readonly volume: string
  readonly message: string
}

export type MountResult =
  | { readonly ok: true; readonly volumes: MountedVolumes }
  | { readonly ok: false; readonly failures: readonly FailedMount[] }

/** Plugins whose directories `unmount` removes; what they hold is the pod's own. */
const fileMode = 0o644

/**
 * Makes the volumes of pods and keeps those that show objects up to date. Mounting again is how
 * they are brought up to date; it changes nothing when nothing changed.
 */
export class VolumeManager {
  readonly #deps: VolumeManagerDeps

  constructor(deps: VolumeManagerDeps) {
    this.#deps = deps
  }

  async mount(pod: Pod, facts: RuntimeFacts): Promise<MountResult> {
    const volumes = new Map<string, MountedVolume>()
    const failures: FailedMount[] = []
    await Promise.all(
      (pod.spec.volumes ?? []).map(async (volume) => {
        try {
          volumes.set(volume.name, await this.#mountOne(pod, volume, facts))
        } catch (error) {
          const why = (error as Error).message
          const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${why}`
          failures.push({ volume: volume.name, message })
        }
      }),
    )
    return failures.length > 0 ? { ok: false, failures } : { ok: true, volumes }
  }

  /** Removes everything that the pod had on this host. */
  async unmount(podUid: string): Promise<void> {
    const dir = this.#deps.paths.podDir(podUid)
    await this.#deps.memory?.unmountBelow(dir)
    await rm(dir, { recursive: true, force: true })
  }

  async #mountOne(pod: Pod, volume: Volume, facts: RuntimeFacts): Promise<MountedVolume> {
    const { paths } = this.#deps
    const { uid } = pod.metadata
    const dir = (plugin: string): string => paths.volumeDir(uid, plugin, volume.name)
    if (volume.hostPath) {
      const real = paths.onHost(volume.hostPath.path)
      return { hostPath: prepareHostPath(volume.hostPath, real), readOnly: false }
    }
    if (volume.emptyDir) {
      const { memory, allocatable } = this.#deps
      await makeEmptyDir(dir('empty-dir'), {
        pod,
        source: volume.emptyDir,
        allocatable: allocatable(),
        memory,
      })
      return { hostPath: dir('empty-dir'), readOnly: false }
    }
    const filled = await this.#payloadOf(pod, volume, facts)
    if (!filled) throw new VolumeError(`volume source ${sourceOf(volume)} is not emulated`)
    // All but config maps are in memory upstream: emptyDir's mode on the sticky bit of a new tmpfs.
    const mode = filled.plugin === 'configmap' ? 0o777 : 0o1777
    this.#write(dir(filled.plugin), mode, filled.payload, pod)
    return { hostPath: dir(filled.plugin), readOnly: true }
  }

  async #payloadOf(
    pod: Pod,
    volume: Volume,
    facts: RuntimeFacts,
  ): Promise<{ plugin: string; payload: Payload } | undefined> {
    const inputs = this.#inputs(pod, facts)
    const { configMap, secret, downwardAPI, projected } = volume
    if (configMap) {
      const { name = '', items, defaultMode: mode = fileMode, optional = false } = configMap
      const payload = configMapPayload(inputs, name, { items, mode, optional })
      return { plugin: 'configmap', payload }
    }
    if (secret) {
      const { secretName = '', items, defaultMode: mode = fileMode, optional = false } = secret
      const payload = secretPayload(inputs, secretName, { items, mode, optional })
      return { plugin: 'secret', payload }
    }
    if (downwardAPI) {
      const { items = [], defaultMode = fileMode } = downwardAPI
      return { plugin: 'downward-api', payload: downwardPayload(inputs, items, defaultMode) }
    }
    if (projected) {
      const { sources = [], defaultMode = fileMode } = projected
      const payload = await projectedPayload(inputs, sources, defaultMode)
      return { plugin: 'projected', payload }
    }
    return undefined
  }

  #inputs(pod: Pod, facts: RuntimeFacts): PayloadInputs {
    const { namespace = '' } = pod.metadata
    const { configMap, secret, token, allocatable } = this.#deps
    return {
      pod,
      facts,
      allocatable: allocatable(),
      configMap: (name) => configMap(namespace, name),
      secret: (name) => secret(namespace, name),
      token: (audience, expirationSeconds) => token(pod, audience, expirationSeconds),
    }
  }

  #write(dir: string, mode: number, payload: Payload, pod: Pod): void {
    const { clock, logger } = this.#deps
    const { fsGroup } = pod.spec.securityContext ?? {}
    const readable = fsGroup === undefined ? payload : groupReadable(payload)
    const stamp = `${new Date(clock.now()).toISOString().replaceAll(/[-:T]/g, '_').slice(0, 19)}.${Math.floor(clock.monotonicMs() * 1000) % 1_000_000_000}`
    const changed = writeAtomically(dir, readable, stamp, { fsGroup, mode })
    if (changed) logger.debug('Wrote volume', { pod: pod.metadata.name, dir })
  }
}

/** fsGroup may read what the owner may (SetVolumeOwnership). */
function groupReadable(payload: Payload): Payload {
  return new Map(
    [...payload].map(([path, file]) => [path, { ...file, mode: file.mode | 0o440 }] as const),
  )
}

function sourceOf(volume: Volume): string {
  return Object.keys(volume).find((key) => key !== 'name') ?? 'none'
}
