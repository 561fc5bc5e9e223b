import type { IPAddress } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Subdomain, checkPathSegmentName } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { checkedIfSet, requiredIfEmpty } from '../../rules/checked.ts'

const path = fieldPath('spec', 'parentRef')

export function validateIpAddress({ spec: { parentRef } }: IPAddress): FieldError[] {
  if (!parentRef) return [fieldRequired(path)]
  const { group, resource, name, namespace } = parentRef
  return [
    ...checkedIfSet(path.child('group'), group, checkDns1123Subdomain),
    ...requiredIfEmpty(path.child('resource'), resource),
    ...checkedIfSet(path.child('resource'), resource, checkPathSegmentName),
    ...requiredIfEmpty(path.child('name'), name),
    ...checkedIfSet(path.child('name'), name, checkPathSegmentName),
    ...checkedIfSet(path.child('namespace'), namespace, checkPathSegmentName),
  ]
}

export function validateIpAddressUpdate(object: IPAddress, old: IPAddress): FieldError[] {
  return [
    ...validateIpAddress(object),
    ...validateImmutable(shown(object.spec.parentRef), shown(old.spec.parentRef), path),
  ]
}

/** Messages show the server's own type. */
function shown(parent: IPAddress['spec']['parentRef']): unknown {
  if (!parent) return undefined
  const { group = '', resource, namespace = '', name } = parent
  return { Group: group, Resource: resource, Namespace: namespace, Name: name }
}
