import type { PodDisruptionBudget } from '../../../generated/types.ts'
import { podDisruptionBudgets } from '../../../resources.ts'
import { nameIsPathSegment } from '../../../validation/name-rules.ts'
import { age, ageColumn, integer, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { validateBudget, validateBudgetStatus } from './validation.ts'

/** What a budget without a controller says: nothing has been counted. */
const uncounted = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  type: podDisruptionBudgets,
  shortNames: ['pdb'],
  strategy: {
    nameRule: nameIsPathSegment,
    prepareForCreate(object) {
      object.status = { ...uncounted }
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      advanceWithSpec(object, old)
    },
    validate: validateBudget,
    allowUnconditionalUpdate: false,
  },
  subresources: [statusSubresource<PodDisruptionBudget>({ validateUpdate: validateBudgetStatus })],
  table: {
    columns: [
      text('Min Available', 'Pods that must stay available.'),
      text('Max Unavailable', 'Pods that may be unavailable.'),
      integer('Allowed Disruptions', 'Pods that may be evicted now.'),
      ageColumn,
    ],
    cells: ({ spec, status, ...object }, nowMs) => [
      String(spec.minAvailable ?? 'N/A'),
      String(spec.maxUnavailable ?? 'N/A'),
      status.disruptionsAllowed ?? 0,
      age(object, nowMs),
    ],
  },
})
