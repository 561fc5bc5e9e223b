import type { PriorityLevelConfiguration } from '../../../generated/types.ts'
import { priorityLevelConfigurations } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { validateFlowStatus } from '../condition-validation.ts'
import { validatePriorityLevel } from './validation.ts'

/** How many requests of a priority level run at once, and what becomes of the others (KEP-1040). */
export const priorityLevelConfiguration = defineKind<PriorityLevelConfiguration>({
  type: priorityLevelConfigurations,
  strategy: {
    setDefaults,
    prepareForCreate(object) {
      object.status = {}
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      advanceWithSpec(object, old)
    },
    validate: validatePriorityLevel,
  },
  subresources: [
    statusSubresource<PriorityLevelConfiguration>({ validateUpdate: validateFlowStatus }),
  ],
  table: {
    columns: [
      text('Type', 'Whether its requests are limited.'),
      text('NominalConcurrencyShares', 'Its part of what the server does at once.'),
      text('Queues', 'Among how many queues its flows are dealt.'),
      text('HandSize', 'How many of them one flow gets to choose from.'),
      text('QueueLengthLimit', 'How many requests wait in one queue.'),
      ageColumn,
    ],
    cells: (object, nowMs) => {
      const { type, limited } = object.spec
      const queuing = limited?.limitResponse?.queuing
      return [
        type,
        limited ? (limited.nominalConcurrencyShares ?? 0) : '<none>',
        queuing?.queues ?? '<none>',
        queuing?.handSize ?? '<none>',
        queuing?.queueLengthLimit ?? '<none>',
        age(object, nowMs),
      ]
    },
  },
})

function setDefaults({ spec: { exempt, limited } }: PriorityLevelConfiguration): void {
  for (const [level, shares] of [
    [exempt, 0],
    [limited, 30],
  ] as const) {
    if (!level) continue
    level.nominalConcurrencyShares ??= shares
    level.lendablePercent ??= 0
  }
  const queuing = limited?.limitResponse?.queuing
  if (!queuing) return
  queuing.handSize ||= 8
  queuing.queues ||= 64
  queuing.queueLengthLimit ||= 50
}
