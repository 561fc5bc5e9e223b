import type { Secret } from '../../../generated/types.ts'
import { secrets } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { validateSecret, validateSecretUpdate } from './validation.ts'

export const secret = defineKind<Secret>({
  type: secrets,
  strategy: {
    setDefaults(object) {
      object.type ||= 'Opaque'
      takeStringData(object)
    },
    validate: validateSecret,
    validateUpdate: validateSecretUpdate,
  },
  table: {
    columns: [
      text('Type', 'What the secret is for.'),
      text('Data', 'How many entries there are.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [
      object.type ?? '',
      Object.keys(object.data ?? {}).length,
      age(object, nowMs),
    ],
  },
  selectableFields: ({ type }) => ({ type: type ?? '' }),
})

/** stringData is for writers only: its entries go into data, in base64, and win over those that stand there. */
function takeStringData(object: Secret): void {
  if (!object.stringData) return
  const entries = Object.entries(object.stringData).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ])
  if (entries.length > 0) object.data = { ...object.data, ...Object.fromEntries(entries) }
  delete object.stringData
}
