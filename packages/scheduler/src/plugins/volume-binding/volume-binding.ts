import type { PersistentVolumeClaim, StorageClass, Volume } from '@kemu/api'
import type { Lister } from '@kemu/client'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { FilterPlugin, PreFilterResult, RequeueEvent } from '../../framework/interface.ts'
import { unresolvable } from '../../framework/status.ts'

export interface VolumeListers {
  readonly claims: Lister<PersistentVolumeClaim>
  readonly storageClasses: Lister<StorageClass>
}

/** Set by whoever binds claims, when both sides are written (volume.AnnBindCompleted). */
const bindCompleted = 'pv.kubernetes.io/bind-completed'

/**
 * A pod waits for the claims of its volumes. kemu binds none, so a claim that waits for its first consumer finds no
 * volume on any node.
 */
export class VolumeBinding implements FilterPlugin {
  readonly name = 'VolumeBinding'
  readonly events: readonly RequeueEvent[] = [
    { event: { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'] } },
    { event: { resource: 'StorageClass', actions: ['Add', 'Update'] } },
  ]
  readonly #listers: VolumeListers

  constructor(listers: VolumeListers) {
    this.#listers = listers
  }

  preFilter(pod: PodInfo): PreFilterResult {
    const names = claimNames(pod)
    if (names.length === 0) return { kind: 'skip' }
    const unbound: PersistentVolumeClaim[] = []
    for (const { claimName, isOwn } of names) {
      const claim = this.#listers.claims.get(`${pod.namespace}/${claimName}`)
      const reason = unusable(claimName, isOwn, claim)
      if (reason !== undefined) return this.#rejected(reason)
      if (claim && !isBound(claim)) unbound.push(claim)
    }
    if (unbound.length === 0) return { kind: 'skip' }
    if (unbound.some((claim) => !this.#waitsForConsumer(claim)))
      return this.#rejected('pod has unbound immediate PersistentVolumeClaims')
    const rejection = unresolvable(
      this.name,
      "node(s) didn't find available persistent volumes to bind",
    )
    return { kind: 'filter', filter: { filter: () => rejection } }
  }

  #rejected(reason: string): PreFilterResult {
    return { kind: 'rejected', rejection: unresolvable(this.name, reason) }
  }

  #waitsForConsumer({ spec }: PersistentVolumeClaim): boolean {
    const storageClass = this.#listers.storageClasses.get(spec.storageClassName ?? '')
    return storageClass?.volumeBindingMode === 'WaitForFirstConsumer'
  }
}

interface NamedClaim {
  readonly claimName: string
  /** The pod's own, made from its template (an ephemeral volume). */
  readonly isOwn: boolean
}

function claimNames({ pod }: PodInfo): NamedClaim[] {
  const ownName = ({ name }: Volume): string => `${pod.metadata.name}-${name}`
  return (pod.spec.volumes ?? []).flatMap((volume): NamedClaim[] => {
    const claim = volume.persistentVolumeClaim
    if (claim) return [{ claimName: claim.claimName, isOwn: false }]
    return volume.ephemeral ? [{ claimName: ownName(volume), isOwn: true }] : []
  })
}

/** In the words of VolumeBinding.podHasPVCs. */
function unusable(
  name: string,
  isOwn: boolean,
  claim: PersistentVolumeClaim | undefined,
): string | undefined {
  if (!claim && isOwn)
    return `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
  if (!claim) return `persistentvolumeclaim "${name}" not found`
  if (claim.status.phase === 'Lost')
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`
  if (claim.metadata.deletionTimestamp !== undefined)
    return `persistentvolumeclaim "${name}" is being deleted`
  return undefined
}

function isBound({ spec, metadata }: PersistentVolumeClaim): boolean {
  return (spec.volumeName ?? '') !== '' && metadata.annotations?.[bindCompleted] !== undefined
}
