import type { Namespace } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { checkQualifiedName } from '../../../validation/name-rules.ts'
import { validateStandardFinalizer } from '../../../validation/object-meta.ts'

const path = fieldPath('spec', 'finalizers')

/** `indexed` : the finalize subresource says which one is wrong. */
export function validateFinalizerNames({ spec }: Namespace, indexed = false): FieldError[] {
  return (spec?.finalizers ?? []).flatMap((name, i) => {
    const at = indexed ? path.index(i) : path
    const errors = checkQualifiedName(name).map((text) => fieldInvalid(at, name, text))
    return [...errors, ...validateStandardFinalizer(name, at)]
  })
}

export function validateNamespaceStatus({ metadata, status }: Namespace): FieldError[] {
  const phase = status?.phase ?? ''
  const terminating = metadata.deletionTimestamp !== undefined
  const expected = terminating ? 'Terminating' : 'Active'
  if (phase === expected) return []
  const text = `may only be '${expected}' if \`deletionTimestamp\` is ${terminating ? 'not ' : ''}empty`
  return [fieldInvalid(fieldPath('status', 'Phase'), phase, text)]
}
