import type { PodInfo } from '../cache/pod-info.ts'
import type { PreEnqueuePlugin } from '../framework/interface.ts'
import { unresolvable } from '../framework/status.ts'
import type { Rejection } from '../framework/status.ts'

/**
 * Keeps a pod that claims devices out of the queue. Upstream does so until its ResourceClaims exist; kemu serves no
 * such kind, so they never do.
 */
export class DynamicResources implements PreEnqueuePlugin {
  readonly name = 'DynamicResources'

  preEnqueue({ pod }: PodInfo): Rejection | undefined {
    const [claim] = pod.spec.resourceClaims ?? []
    if (!claim) return undefined
    const name = claim.resourceClaimName
    if (name !== undefined) return unresolvable(this.name, `resourceclaim "${name}" not found`)
    return unresolvable(this.name, `waiting for resourceclaim of pod claim "${claim.name}"`)
  }
}
