import type { CSIStorageCapacity } from '../../../generated/types.ts'
import { csiStorageCapacities } from '../../../resources.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { deprecatedNodeLabels } from '../../pod-spec/deprecated-node-labels.ts'
import { validateCapacityOfStorage, validateCapacityUpdate } from './validation.ts'

export const csiStorageCapacity = defineKind<CSIStorageCapacity>({
  type: csiStorageCapacities,
  strategy: {
    validate: (object) => validateCapacityOfStorage(object),
    validateUpdate: validateCapacityUpdate,
    warnings: (object, old) => [
      ...labelWarnings(object),
      ...unattendedWarning('CSIStorageCapacity', old),
    ],
    allowUnconditionalUpdate: false,
  },
})

function labelWarnings({ nodeTopology }: CSIStorageCapacity): string[] {
  const { matchExpressions = [], matchLabels = {} } = nodeTopology ?? {}
  const inExpressions = matchExpressions.map(({ key }, i) => {
    const text = deprecatedNodeLabels[key]
    return text && `nodeTopology.matchExpressions[${i}].key: ${key} is ${text}`
  })
  const inLabels = Object.keys(matchLabels).map((key) => {
    const text = deprecatedNodeLabels[key]
    return text && `nodeTopology.matchLabels.${key}: ${text}`
  })
  return [...inExpressions, ...inLabels].filter((text) => text !== undefined)
}
