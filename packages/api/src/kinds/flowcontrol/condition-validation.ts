import type { FieldError } from '../../status-error.ts'
import { fieldDuplicate, fieldRequired } from '../../validation/field-error.ts'
import { fieldPath } from '../../validation/field-path.ts'

interface WithConditions {
  readonly status: { readonly conditions?: readonly { readonly type?: string }[] }
}

/** Conditions of both kinds: a type each, and none twice. */
export function validateFlowStatus({ status }: WithConditions): FieldError[] {
  const types = new Set<string>()
  return (status.conditions ?? []).flatMap(({ type = '' }, i) => {
    const path = fieldPath('status', 'conditions').index(i).child('type')
    const errors = types.has(type) ? [fieldDuplicate(path, type)] : []
    types.add(type)
    return type === '' ? [...errors, fieldRequired(path)] : errors
  })
}
