import type { Deployment } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { deployments } from '../../../resources.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import { containerCells, containerColumns } from '../../columns/containers.ts'
import { selectorText } from '../../columns/labels.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceGeneration, startGeneration } from '../../definition/generation.ts'
import { scaleSubresource } from '../../definition/scale-subresource.ts'
import { keepSpec, keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { podNameWarnings, templateWarnings } from '../../pod-spec/template-warnings.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { setDeploymentDefaults } from './defaults.ts'
import {
  validateDeployment,
  validateDeploymentStatus,
  validateDeploymentUpdate,
} from './validation.ts'

export const deployment = defineKind<Deployment>({
  type: deployments,
  shortNames: ['deploy'],
  categories: ['all'],
  strategy: {
    setDefaults: setDeploymentDefaults,
    prepareForCreate(object) {
      object.status = {}
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      // Annotations count too: some of them say what the controller shall do.
      const changed =
        !deepEqual(object.spec, old.spec) ||
        !deepEqual(object.metadata.annotations, old.metadata.annotations)
      advanceGeneration(object, old, changed)
    },
    validate: validateDeployment,
    validateUpdate: validateDeploymentUpdate,
    warnings(object, old) {
      const name = old ? [] : podNameWarnings(object.metadata)
      if (old && object.metadata.generation === old.metadata.generation) return name
      return [...name, ...templateWarnings(object.spec.template, fieldPath('spec', 'template'))]
    },
  },
  subresources: [
    statusSubresource<Deployment>({
      prepareForUpdate(object, old) {
        keepSpec(object, old)
        if (old.metadata.labels) object.metadata.labels = old.metadata.labels
        else delete object.metadata.labels
      },
      validateUpdate: validateDeploymentStatus,
    }),
    scaleSubresource<Deployment>(({ spec }) => selectorText(spec.selector)),
  ],
  table: {
    columns: [
      text('Ready', 'Ready replicas of those wanted.'),
      text('Up-to-date', 'Replicas of the newest template.'),
      text('Available', 'Replicas that have been ready for long enough.'),
      ageColumn,
      ...containerColumns,
      wide('Selector', 'The labels of its pods.'),
    ],
    cells: (object, nowMs) => [
      `${object.status?.readyReplicas ?? 0}/${object.spec.replicas ?? 0}`,
      object.status?.updatedReplicas ?? 0,
      object.status?.availableReplicas ?? 0,
      age(object, nowMs),
      ...containerCells(object.spec.template),
      selectorText(object.spec.selector),
    ],
  },
})
