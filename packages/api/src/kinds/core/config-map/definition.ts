import type { ConfigMap } from '../../../generated/types.ts'
import { configMaps } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { validateConfigMap, validateConfigMapUpdate } from './validation.ts'

export const configMap = defineKind<ConfigMap>({
  type: configMaps,
  shortNames: ['cm'],
  strategy: { validate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
  table: {
    columns: [text('Data', 'How many entries there are.'), ageColumn],
    cells: (object, nowMs) => [
      Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length,
      age(object, nowMs),
    ],
  },
})
