import type { StatefulSet } from '../../../generated/types.ts'
import { setClaimSpecDefaults } from '../../core/persistent-volume-claim/defaults.ts'
import { setTemplateDefaults } from '../../pod-spec/template.ts'

/** SetDefaults_StatefulSet, and those of its templates of pods and claims. */
export function setStatefulSetDefaults({ spec }: StatefulSet): void {
  setTemplateDefaults(spec.template)
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ||= 'v1'
    claim.kind ||= 'PersistentVolumeClaim'
    setClaimSpecDefaults(claim.spec)
    claim.status.phase ||= 'Pending'
  }
  spec.podManagementPolicy ||= 'OrderedReady'
  spec.updateStrategy ??= {}
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = 'RollingUpdate'
    spec.updateStrategy.rollingUpdate ??= {}
  }
  if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate)
    spec.updateStrategy.rollingUpdate.partition ??= 0
  spec.persistentVolumeClaimRetentionPolicy ??= {}
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
}
