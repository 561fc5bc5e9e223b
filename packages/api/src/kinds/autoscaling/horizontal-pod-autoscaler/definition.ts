import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV2,
} from '../../../generated/types.ts'
import { horizontalPodAutoscalers } from '../../../resources.ts'
import type { ResourceType } from '../../../resource-type.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateNonNegative } from '../../../validation/value-rules.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import type { TableDefinition } from '../../kind-definition.ts'
import { autoscalerStoredForm, toNewer } from './conversion.ts'
import { setAutoscalerDefaults } from './defaults.ts'
import { describeMetrics } from './metrics-column.ts'
import { validateAutoscaler } from './validation.ts'

const table: TableDefinition<HorizontalPodAutoscalerV2> = {
  columns: [
    text('Reference', 'What is scaled.'),
    text('Targets', 'What is measured, and what it shall be.'),
    text('MinPods', 'The least replicas.'),
    text('MaxPods', 'The most replicas.'),
    text('Replicas', 'The replicas that there are.'),
    ageColumn,
  ],
  cells: ({ spec, status, ...object }, nowMs) => [
    `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
    describeMetrics(spec.metrics ?? [], status?.currentMetrics ?? []),
    spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    spec.maxReplicas,
    status?.currentReplicas ?? 0,
    age(object, nowMs),
  ],
}

/** As it is stored. */
export const horizontalPodAutoscaler = defineKind<HorizontalPodAutoscalerV2>({
  type: horizontalPodAutoscalers,
  shortNames: ['hpa'],
  categories: ['all'],
  strategy: {
    setDefaults: setAutoscalerDefaults,
    prepareForCreate(object) {
      object.status = emptyStatus()
    },
    prepareForUpdate: keepStatus,
    validate: validateAutoscaler,
  },
  subresources: [
    statusSubresource<HorizontalPodAutoscalerV2>({
      validateUpdate: ({ status }) =>
        (['currentReplicas', 'desiredReplicas'] as const).flatMap((name) =>
          validateNonNegative(fieldPath('status', name), status?.[name] ?? 0),
        ),
    }),
  ],
  table,
})

const { group, resource, kind, namespaced } = horizontalPodAutoscalers
const olderType: ResourceType<HorizontalPodAutoscaler> = {
  group,
  version: 'v1',
  resource,
  kind,
  namespaced,
}

/** The same in the older version's words; what it has no fields for stands in annotations. */
export const horizontalPodAutoscalerV1 = defineKind<HorizontalPodAutoscaler>({
  type: olderType,
  shortNames: ['hpa'],
  categories: ['all'],
  storage: { ...horizontalPodAutoscaler.storage!, as: autoscalerStoredForm },
  strategy: {
    setDefaults({ spec }) {
      spec.minReplicas ??= 1
    },
    prepareForCreate(object) {
      object.status = { currentReplicas: 0, desiredReplicas: 0 }
    },
    prepareForUpdate: keepStatus,
    validate: (object) => validateAutoscaler(toNewer(object)),
  },
  subresources: [statusSubresource<HorizontalPodAutoscaler>()],
  table: {
    columns: table.columns,
    cells: (object, nowMs) => table.cells(toNewer(object), nowMs),
  },
})

function emptyStatus(): HorizontalPodAutoscalerV2['status'] {
  return {
    currentMetrics: null,
    desiredReplicas: 0,
  } as unknown as HorizontalPodAutoscalerV2['status']
}
