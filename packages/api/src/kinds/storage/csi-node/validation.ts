import type { CSINode, CSINodeDriver } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldDuplicate, fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { byteLength, checkQualifiedName } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { checked, nonNegative } from '../../rules/checked.ts'
import { validateDriverName } from '../driver-name.ts'

const path = fieldPath('spec', 'drivers')
const nodeIdMaxLength = 256

export function validateCsiNode({ spec: { drivers } }: CSINode): FieldError[] {
  return drivers.flatMap((driver, i) => {
    const at = path.index(i)
    const isRepeated = drivers.slice(0, i).some(({ name }) => name === driver.name)
    return [
      ...validateDriverName(driver.name, at.child('name')),
      ...validateNodeId(driver.nodeID, at.child('nodeID')),
      ...nonNegative(at.child('allocatable'), driver.allocatable ?? {}, ['count']),
      ...(isRepeated ? [fieldDuplicate(at.child('name'), driver.name)] : []),
      ...validateTopologyKeys(driver.topologyKeys ?? [], at),
    ]
  })
}

function validateNodeId(id: string, at: FieldPath): FieldError[] {
  if (id === '') return [fieldRequired(at)]
  if (byteLength(id) <= nodeIdMaxLength) return []
  return [fieldInvalid(at, id, `must be ${nodeIdMaxLength} characters or less`)]
}

function validateTopologyKeys(keys: readonly string[], at: FieldPath): FieldError[] {
  return keys.flatMap((key, i) => [
    ...(key === '' ? [fieldRequired(at)] : []),
    ...(keys.indexOf(key) < i ? [fieldDuplicate(at, key)] : []),
    ...checked(at, key, checkQualifiedName),
  ])
}

/** Drivers come and go, and the room that they tell changes; nothing else of one does. */
export function validateCsiNodeUpdate(object: CSINode, old: CSINode): FieldError[] {
  const changes = old.spec.drivers.flatMap((before) =>
    object.spec.drivers
      .filter(({ name }) => name === before.name)
      .flatMap((after) => validateImmutable(shown(after), shown(before), path)),
  )
  return [...validateCsiNode(object), ...changes]
}

/** What may not change, as messages show the server's own type. */
function shown({ name, nodeID, topologyKeys = [] }: CSINodeDriver): unknown {
  const keys = topologyKeys.length === 0 ? null : topologyKeys
  return { Name: name, NodeID: nodeID, TopologyKeys: keys, Allocatable: null }
}
