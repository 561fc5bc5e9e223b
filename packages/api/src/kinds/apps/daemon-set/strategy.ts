import type { DaemonSet } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus } from '../../definition/status-subresource.ts'
import type { Strategy } from '../../kind-definition.ts'
import { setTemplateDefaults } from '../../pod-spec/template.ts'
import { templateWarnings } from '../../pod-spec/template-warnings.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateDaemonSet, validateDaemonSetUpdate } from './validation.ts'

/** Where clients of apps/v1 find (and may not set) the number of the template. */
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation'

export const daemonSetStrategy: Partial<Strategy<DaemonSet>> = {
  setDefaults: setDaemonSetDefaults,
  prepareForCreate(object) {
    object.status = emptyStatus()
    startGeneration(object)
    setTemplateGeneration(object, Math.max(1, templateGeneration(object)))
  },
  prepareForUpdate(object, old) {
    keepStatus(object, old)
    const changed = !deepEqual(object.spec.template, old.spec.template)
    setTemplateGeneration(object, templateGeneration(old) + (changed ? 1 : 0))
    advanceWithSpec(object, old)
  },
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  warnings(object, old) {
    if (old && templateGeneration(object) === templateGeneration(old)) return []
    return templateWarnings(object.spec.template, fieldPath('spec', 'template'))
  },
}

/** SetDefaults_DaemonSet */
function setDaemonSetDefaults({ spec }: DaemonSet): void {
  setTemplateDefaults(spec.template)
  spec.updateStrategy ??= {}
  spec.updateStrategy.type ||= 'RollingUpdate'
  if (spec.updateStrategy.type === 'RollingUpdate')
    spec.updateStrategy.rollingUpdate = {
      maxUnavailable: 1,
      maxSurge: 0,
      ...spec.updateStrategy.rollingUpdate,
    }
  spec.revisionHistoryLimit ??= 10
}

function emptyStatus(): DaemonSet['status'] {
  return {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  }
}

function templateGeneration({ metadata }: DaemonSet): number {
  return Number.parseInt(metadata.annotations?.[templateGenerationAnnotation] ?? '', 10) || 0
}

function setTemplateGeneration(object: DaemonSet, generation: number): void {
  object.metadata.annotations = {
    ...object.metadata.annotations,
    [templateGenerationAnnotation]: String(generation),
  }
}
