import type { ReplicaSet } from '../../../generated/types.ts'
import { replicaSets } from '../../../resources.ts'
import { age, ageColumn, integer, wide } from '../../columns/column.ts'
import { containerCells, containerColumns } from '../../columns/containers.ts'
import { labelSelectorText, selectorText } from '../../columns/labels.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { scaleSubresource } from '../../definition/scale-subresource.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { setTemplateDefaults } from '../../pod-spec/template.ts'
import { podNameWarnings, templateWarnings } from '../../pod-spec/template-warnings.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import {
  validateReplicaSet,
  validateReplicaSetUpdate,
  validateReplicaStatus,
} from './validation.ts'

export const replicaSet = defineKind<ReplicaSet>({
  type: replicaSets,
  shortNames: ['rs'],
  categories: ['all'],
  strategy: {
    setDefaults({ spec }) {
      setTemplateDefaults(spec.template)
      spec.replicas ??= 1
    },
    prepareForCreate(object) {
      object.status = { replicas: 0 }
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      advanceWithSpec(object, old)
    },
    validate: validateReplicaSet,
    validateUpdate: validateReplicaSetUpdate,
    warnings(object, old) {
      const name = old ? [] : podNameWarnings(object.metadata)
      if (old && object.metadata.generation === old.metadata.generation) return name
      return [...name, ...templateWarnings(object.spec.template, fieldPath('spec', 'template'))]
    },
  },
  subresources: [
    statusSubresource<ReplicaSet>({ validateUpdate: validateReplicaStatus }),
    scaleSubresource<ReplicaSet>(({ spec }) => selectorText(spec.selector)),
  ],
  table: {
    columns: [
      integer('Desired', 'Replicas wanted.'),
      integer('Current', 'Replicas that there are.'),
      integer('Ready', 'Replicas that are ready.'),
      ageColumn,
      ...containerColumns,
      wide('Selector', 'The labels of its pods.'),
    ],
    cells: (object, nowMs) => [
      object.spec.replicas ?? 0,
      object.status?.replicas ?? 0,
      object.status?.readyReplicas ?? 0,
      age(object, nowMs),
      ...containerCells(object.spec.template),
      labelSelectorText(object.spec.selector),
    ],
  },
})
