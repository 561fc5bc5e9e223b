import type { ReplicationController } from '../../../generated/types.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus } from '../../definition/status-subresource.ts'
import type { Strategy } from '../../kind-definition.ts'
import { setTemplateDefaults } from '../../pod-spec/template.ts'
import { podNameWarnings, templateWarnings } from '../../pod-spec/template-warnings.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateReplicationController } from './validation.ts'

export const replicationControllerStrategy: Partial<Strategy<ReplicationController>> = {
  // Of core/v1 only: older clients delete the pods themselves.
  defaultGarbageCollection: 'orphan',
  setDefaults: setReplicationControllerDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0 }
    startGeneration(object)
  },
  prepareForUpdate(object, old) {
    keepStatus(object, old)
    advanceWithSpec(object, old)
  },
  validate: validateReplicationController,
  warnings(object, old) {
    const name = old ? [] : podNameWarnings(object.metadata)
    if (old && object.metadata.generation === old.metadata.generation) return name
    return [...name, ...templateWarnings(object.spec.template, fieldPath('spec', 'template'))]
  },
}

/** SetDefaults_ReplicationController: selector and labels are the template's where they are not stated. */
function setReplicationControllerDefaults({ spec, metadata }: ReplicationController): void {
  setTemplateDefaults(spec.template)
  spec.replicas ??= 1
  const labels = spec.template?.metadata?.labels
  if (!labels) return
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}
