import type { DaemonSet } from '../../../generated/types.ts'
import { daemonSets } from '../../../resources.ts'
import { age, ageColumn, integer, text, wide } from '../../columns/column.ts'
import { containerCells, containerColumns } from '../../columns/containers.ts'
import { labelSelectorText, labelsText } from '../../columns/labels.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { statusSubresource } from '../../definition/status-subresource.ts'
import { daemonSetStrategy } from './strategy.ts'
import { validateDaemonSetStatus } from './validation.ts'

export const daemonSet = defineKind<DaemonSet>({
  type: daemonSets,
  shortNames: ['ds'],
  categories: ['all'],
  strategy: daemonSetStrategy,
  subresources: [statusSubresource<DaemonSet>({ validateUpdate: validateDaemonSetStatus })],
  table: {
    columns: [
      integer('Desired', 'Nodes that should run its pod.'),
      integer('Current', 'Nodes that run it and should.'),
      integer('Ready', 'Nodes whose pod is ready.'),
      integer('Up-to-date', 'Nodes whose pod is of the newest template.'),
      integer('Available', 'Nodes whose pod has been ready for long enough.'),
      text('Node Selector', 'The labels of its nodes.'),
      ageColumn,
      ...containerColumns,
      wide('Selector', 'The labels of its pods.'),
    ],
    cells: (object, nowMs) => [
      object.status?.desiredNumberScheduled ?? 0,
      object.status?.currentNumberScheduled ?? 0,
      object.status?.numberReady ?? 0,
      object.status?.updatedNumberScheduled ?? 0,
      object.status?.numberAvailable ?? 0,
      labelsText(object.spec.template.spec?.nodeSelector),
      age(object, nowMs),
      ...containerCells(object.spec.template),
      labelSelectorText(object.spec.selector),
    ],
  },
})
