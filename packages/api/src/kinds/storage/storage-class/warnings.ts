import type { StorageClass } from '../../../generated/types.ts'
import { deprecatedNodeLabels } from '../../pod-spec/deprecated-node-labels.ts'

export function storageClassWarnings({ allowedTopologies = [] }: StorageClass): string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
    matchLabelExpressions.flatMap(({ key }, j) => {
      const text = deprecatedNodeLabels[key]
      const path = `allowedTopologies[${i}].matchLabelExpressions[${j}].key`
      return text === undefined ? [] : [`${path}: ${text}`]
    }),
  )
}
