import type { CSINode } from '../../../generated/types.ts'
import { csiNodes } from '../../../resources.ts'
import { age, ageColumn, integer } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { validateCsiNode, validateCsiNodeUpdate } from './validation.ts'

export const csiNode = defineKind<CSINode>({
  type: csiNodes,
  strategy: {
    validate: validateCsiNode,
    validateUpdate: validateCsiNodeUpdate,
    warnings: (_object, old) => unattendedWarning('CSINode', old),
    allowUnconditionalUpdate: false,
  },
  table: {
    columns: [integer('Drivers', 'How many CSI drivers the node has.'), ageColumn],
    cells: (object, nowMs) => [object.spec.drivers.length, age(object, nowMs)],
  },
})
