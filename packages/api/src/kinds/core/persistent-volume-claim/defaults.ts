import type { PersistentVolumeClaimSpec } from '../../../generated/types.ts'
import { roundUpToMillis } from '../../pod-spec/resource-list.ts'

/** Of a claim and of templates of claims. */
export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem'
  roundUpToMillis(spec.resources?.limits)
  roundUpToMillis(spec.resources?.requests)
}
