import type { RuntimeClass, Toleration } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldDuplicate } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateLabels } from '../../../validation/labels.ts'
import { checkDns1123Label } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateContainerResources } from '../../pod-spec/resource-validation.ts'
import { validateTolerations } from '../../pod-spec/toleration-validation.ts'
import { checkedIfSet, requiredIfEmpty } from '../../rules/checked.ts'

const handlerPath = fieldPath('handler')

export function validateRuntimeClass(object: RuntimeClass): FieldError[] {
  const { handler, overhead, scheduling } = object
  const limits = overhead?.podFixed ?? {}
  const at = fieldPath('scheduling')
  return [
    ...requiredIfEmpty(handlerPath, handler),
    ...checkedIfSet(handlerPath, handler, checkDns1123Label),
    ...validateContainerResources({ limits }, new Set(), fieldPath('overhead')),
    ...validateLabels(scheduling?.nodeSelector, at.child('nodeSelector')),
    ...validateDistinct(scheduling?.tolerations ?? []),
  ]
}

function validateDistinct(tolerations: readonly Toleration[]): FieldError[] {
  const path = fieldPath('scheduling', 'tolerations')
  const keyOf = ({ key, operator, value, effect }: Toleration): unknown[] => [
    key ?? '',
    operator ?? '',
    value ?? '',
    effect ?? '',
  ]
  const repeated = tolerations.flatMap((toleration, i) => {
    const before = tolerations.slice(0, i)
    const isRepeated = before.some((other) => deepEqual(keyOf(other), keyOf(toleration)))
    return isRepeated ? [fieldDuplicate(path.index(i), shown(toleration))] : []
  })
  return [...validateTolerations(tolerations, path), ...repeated]
}

/** Messages show the server's own type. */
function shown({ key, operator, value, effect, tolerationSeconds }: Toleration): unknown {
  return {
    Key: key ?? '',
    Operator: operator ?? '',
    Value: value ?? '',
    Effect: effect ?? '',
    TolerationSeconds: tolerationSeconds ?? null,
  }
}

export function validateRuntimeClassUpdate(object: RuntimeClass, old: RuntimeClass): FieldError[] {
  return [
    ...validateRuntimeClass(object),
    ...validateImmutable(object.handler, old.handler, handlerPath),
  ]
}
