import type { RbacSubject, RoleBinding } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Subdomain, checkPathSegmentName } from '../../../validation/name-rules.ts'
import { rbacGroup } from './defaults.ts'

const refPath = fieldPath('roleRef')

export function validateBinding(
  { roleRef, subjects }: RoleBinding,
  namespaced: boolean,
): FieldError[] {
  const { apiGroup = '', kind, name } = roleRef
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  const errors: FieldError[] = []
  if (apiGroup !== rbacGroup)
    errors.push(fieldNotSupported(refPath.child('apiGroup'), apiGroup, [rbacGroup]))
  if (!kinds.includes(kind)) errors.push(fieldNotSupported(refPath.child('kind'), kind, kinds))
  const namePath = refPath.child('name')
  if (name === '') errors.push(fieldRequired(namePath))
  else errors.push(...checkPathSegmentName(name).map((text) => fieldInvalid(namePath, name, text)))
  return [
    ...errors,
    ...(subjects ?? []).flatMap((subject, i) =>
      validateSubject(subject, namespaced, fieldPath('subjects').index(i)),
    ),
  ]
}

function validateSubject(subject: RbacSubject, namespaced: boolean, path: FieldPath): FieldError[] {
  const { name, kind, apiGroup = '' } = subject
  const errors = name === '' ? [fieldRequired(path.child('name'))] : []
  const group = (expected: string): FieldError[] =>
    apiGroup === expected ? [] : [fieldNotSupported(path.child('apiGroup'), apiGroup, [expected])]
  switch (kind) {
    case 'ServiceAccount': {
      if (name !== '')
        errors.push(
          ...checkDns1123Subdomain(name).map((text) =>
            fieldInvalid(path.child('name'), name, text),
          ),
        )
      errors.push(...group(''))
      if (!namespaced && !subject.namespace) errors.push(fieldRequired(path.child('namespace')))
      return errors
    }
    case 'User':
    case 'Group':
      return [...errors, ...group(rbacGroup)]
    default: {
      const kinds = ['ServiceAccount', 'User', 'Group']
      return [...errors, fieldNotSupported(path.child('kind'), kind, kinds)]
    }
  }
}

export function validateBindingUpdate(
  object: RoleBinding,
  old: RoleBinding,
  namespaced: boolean,
): FieldError[] {
  const errors = validateBinding(object, namespaced)
  if (deepEqual(object.roleRef, old.roleRef)) return errors
  const { apiGroup = '', kind, name } = object.roleRef
  const shown = { APIGroup: apiGroup, Kind: kind, Name: name }
  return [...errors, fieldInvalid(refPath, shown, 'cannot change roleRef')]
}
