import type { PodInfo } from '../cache/pod-info.ts'
import type { PreEnqueuePlugin } from '../framework/interface.ts'
import { unresolvable } from '../framework/status.ts'
import type { Rejection } from '../framework/status.ts'

/**
 * Keeps a pod that claims devices out of the queue, and says why. Upstream's plugin waits for the claims and allocates
 * devices to them; no part of kemu does.
 */
export class DynamicResources implements PreEnqueuePlugin {
  readonly name = 'DynamicResources'

  preEnqueue({ pod }: PodInfo): Rejection | undefined {
    const [claim] = pod.spec.resourceClaims ?? []
    if (!claim) return undefined
    const text = `no part of kemu allocates the devices of pod claim "${claim.name}"`
    return unresolvable(this.name, text)
  }
}
