import type { ReplicationController } from '../../../generated/types.ts'
import { replicationControllers } from '../../../resources.ts'
import { age, ageColumn, integer, wide } from '../../columns/column.ts'
import { containerCells, containerColumns } from '../../columns/containers.ts'
import { labelsText } from '../../columns/labels.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { scaleSubresource } from '../../definition/scale-subresource.ts'
import { statusSubresource } from '../../definition/status-subresource.ts'
import { validateReplicaStatus } from '../../apps/replica-set/validation.ts'
import { replicationControllerStrategy } from './strategy.ts'

export const replicationController = defineKind<ReplicationController>({
  type: replicationControllers,
  shortNames: ['rc'],
  categories: ['all'],
  storage: 'controllers',
  strategy: replicationControllerStrategy,
  subresources: [
    statusSubresource<ReplicationController>({ validateUpdate: validateReplicaStatus }),
    scaleSubresource<ReplicationController>(({ spec }) =>
      Object.keys(spec.selector ?? {}).length === 0 ? '' : labelsText(spec.selector),
    ),
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
      labelsText(object.spec.selector),
    ],
  },
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
})
