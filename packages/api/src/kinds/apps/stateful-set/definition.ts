import type { StatefulSet } from '../../../generated/types.ts'
import { statefulSets } from '../../../resources.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { nameIsDnsLabel } from '../../../validation/name-rules.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { containerCells, containerColumns } from '../../columns/containers.ts'
import { selectorText } from '../../columns/labels.ts'
import { claimSpecWarnings } from '../../core/persistent-volume-claim/warnings.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { scaleSubresource } from '../../definition/scale-subresource.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { templateWarnings } from '../../pod-spec/template-warnings.ts'
import { setStatefulSetDefaults } from './defaults.ts'
import {
  validateStatefulSet,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from './validation.ts'

export const statefulSet = defineKind<StatefulSet>({
  type: statefulSets,
  shortNames: ['sts'],
  categories: ['all'],
  strategy: {
    nameRule: nameIsDnsLabel,
    setDefaults: setStatefulSetDefaults,
    prepareForCreate(object) {
      object.status = { replicas: 0, availableReplicas: 0 }
      dropMaxUnavailable(object)
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      if (old.spec.updateStrategy?.rollingUpdate?.maxUnavailable === undefined)
        dropMaxUnavailable(object)
      advanceWithSpec(object, old)
    },
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    warnings: statefulSetWarnings,
  },
  subresources: [
    statusSubresource<StatefulSet>({ validateUpdate: validateStatefulSetStatus }),
    scaleSubresource<StatefulSet>(({ spec }) => selectorText(spec.selector)),
  ],
  table: {
    columns: [text('Ready', 'Ready replicas of those wanted.'), ageColumn, ...containerColumns],
    cells: (object, nowMs) => [
      `${object.status?.readyReplicas ?? 0}/${object.spec.replicas ?? 0}`,
      age(object, nowMs),
      ...containerCells(object.spec.template),
    ],
  },
})

/** MaxUnavailableStatefulSet is off by default. */
function dropMaxUnavailable({ spec }: StatefulSet): void {
  delete spec.updateStrategy?.rollingUpdate?.maxUnavailable
}

function statefulSetWarnings(object: StatefulSet, old: StatefulSet | undefined): string[] {
  const { spec, metadata } = object
  const isNew = !old || old.metadata.generation !== metadata.generation
  const path = fieldPath('spec')
  const warnings = isNew ? templateWarnings(spec.template, path.child('template')) : []
  for (const [i, claim] of (spec.volumeClaimTemplates ?? []).entries()) {
    const at = path.child('volumeClaimTemplates').index(i)
    // Upstream names the spec only when it is changed, and with a capital letter.
    warnings.push(...claimSpecWarnings(claim.spec, old ? at.child('Spec') : at))
  }
  if ((spec.revisionHistoryLimit ?? 0) < 0)
    warnings.push(
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    )
  return warnings
}
