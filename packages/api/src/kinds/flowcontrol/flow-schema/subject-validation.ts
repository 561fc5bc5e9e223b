import type { FlowcontrolSubject, ServiceAccountSubject } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Label, checkDns1123Subdomain } from '../../../validation/name-rules.ts'
import { checked, requiredIfEmpty } from '../../rules/checked.ts'

const fields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const
type Kind = keyof typeof fields

/** Kinds in the order in which upstream complains of those that do not belong to another. */
const foreign: Readonly<Record<Kind, readonly Kind[]>> = {
  ServiceAccount: ['User', 'Group'],
  User: ['ServiceAccount', 'Group'],
  Group: ['ServiceAccount', 'User'],
}

/** Who is meant: the field of the subject's kind, and no other. */
export function validateSubject(subject: FlowcontrolSubject, path: FieldPath): FieldError[] {
  const { kind } = subject
  if (!isKind(kind))
    return [fieldNotSupported(path.child('kind'), kind, Object.keys(foreign).toSorted())]
  const others = foreign[kind]
    .filter((other) => subject[fields[other]] !== undefined)
    .map((other) => {
      const field = fields[other]
      return fieldForbidden(
        path.child(field),
        `${field} is forbidden when subject kind is not '${other}'`,
      )
    })
  return [...validateOwn(subject, kind, path.child(fields[kind])), ...others]
}

function isKind(kind: string): kind is Kind {
  return kind in fields
}

function validateOwn(subject: FlowcontrolSubject, kind: Kind, path: FieldPath): FieldError[] {
  const own = subject[fields[kind]]
  if (!own)
    return [fieldRequired(path, `${fields[kind]} is required when subject kind is '${kind}'`)]
  if ('namespace' in own) return validateServiceAccount(own, path)
  return requiredIfEmpty(path.child('name'), own.name)
}

function validateServiceAccount(own: ServiceAccountSubject, path: FieldPath): FieldError[] {
  const { name, namespace } = own
  const missing = 'must specify namespace for service account'
  return [
    ...requiredIfEmpty(path.child('name'), name),
    ...(name === '' || name === '*'
      ? []
      : checked(path.child('name'), name, checkDns1123Subdomain)),
    ...(namespace === ''
      ? [fieldRequired(path.child('namespace'), missing)]
      : checked(path.child('namespace'), namespace, checkDns1123Label)),
  ]
}
