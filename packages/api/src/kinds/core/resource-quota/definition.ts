import type { ResourceQuota } from '../../../generated/types.ts'
import { resourceQuotas } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { validateQuota, validateQuotaStatus, validateQuotaUpdate } from './validation.ts'

export const resourceQuota = defineKind<ResourceQuota>({
  type: resourceQuotas,
  shortNames: ['quota'],
  strategy: {
    prepareForCreate(object) {
      object.status = {}
    },
    prepareForUpdate: keepStatus,
    validate: validateQuota,
    validateUpdate: validateQuotaUpdate,
  },
  subresources: [statusSubresource<ResourceQuota>({ validateUpdate: validateQuotaStatus })],
  table: {
    columns: [
      text('Request', 'What is counted and asked for: used and allowed.'),
      text('Limit', 'The same of limits.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [...amounts(object), age(object, nowMs)],
  },
})

/** `pods: 1/10, requests.cpu: 1/2`, and the same for limits. */
function amounts({ status }: ResourceQuota): [string, string] {
  const { hard = {}, used = {} } = status ?? {}
  const shown = Object.keys(hard)
    .toSorted()
    .map((name) => ({ name, text: `${name}: ${used[name] ?? '0'}/${hard[name]}` }))
  const isLimit = ({ name }: { name: string }): boolean => name.startsWith('limits.')
  const joined = (entries: typeof shown): string => entries.map((entry) => entry.text).join(', ')
  return [joined(shown.filter((entry) => !isLimit(entry))), joined(shown.filter(isLimit))]
}
