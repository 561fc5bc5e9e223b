import type { FlowSchema } from '../../../generated/types.ts'
import { flowSchemas } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { validateFlowStatus } from '../condition-validation.ts'
import { validateFlowSchema } from './validation.ts'

/** Which requests are one flow, and of which priority level they are (KEP-1040). */
export const flowSchema = defineKind<FlowSchema>({
  type: flowSchemas,
  strategy: {
    setDefaults({ spec }) {
      spec.matchingPrecedence ||= 1000
    },
    prepareForCreate(object) {
      object.status = {}
      startGeneration(object)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      advanceWithSpec(object, old)
    },
    validate: validateFlowSchema,
  },
  subresources: [statusSubresource<FlowSchema>({ validateUpdate: validateFlowStatus })],
  table: {
    columns: [
      text('PriorityLevel', 'The priority level of its requests.'),
      text('MatchingPrecedence', 'Which is asked first: the lowest number.'),
      text('DistinguisherMethod', 'What tells its flows apart.'),
      ageColumn,
      text('MissingPL', 'Whether there is no such priority level.'),
    ],
    compare: compareFlowSchemas,
    cells: (object, nowMs) => {
      const { priorityLevelConfiguration, matchingPrecedence, distinguisherMethod } = object.spec
      const dangling = object.status.conditions?.find(({ type }) => type === 'Dangling')
      return [
        priorityLevelConfiguration.name,
        matchingPrecedence ?? 0,
        distinguisherMethod?.type ?? '<none>',
        age(object, nowMs),
        dangling ? (dangling.status ?? '') : '?',
      ]
    },
  },
})

/** The order in which schemas are asked (apihelpers.FlowSchemaSequence). */
export function compareFlowSchemas(a: FlowSchema, b: FlowSchema): number {
  const difference = (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0)
  if (difference !== 0) return difference
  return a.metadata.name < b.metadata.name ? -1 : 1
}
