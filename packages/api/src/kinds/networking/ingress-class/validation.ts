import type { IngressClass, IngressClassParametersReference } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { byteLength, checkDns1123Label } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateDomainPrefixedPath } from '../../../validation/value-rules.ts'
import { checked } from '../../rules/checked.ts'
import { validateReference } from '../typed-reference.ts'

const controllerMaxLength = 250
const path = fieldPath('spec')

export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const at = path.child('controller')
  const { controller = '', parameters } = spec
  const isLong = byteLength(controller) > controllerMaxLength
  return [
    ...(isLong ? [fieldTooLong(at, controllerMaxLength)] : []),
    ...validateDomainPrefixedPath(at, controller),
    ...(parameters ? validateParameters(parameters, path.child('parameters')) : []),
  ]
}

const scopes = ['Cluster', 'Namespace']

function validateParameters(
  parameters: IngressClassParametersReference,
  at: FieldPath,
): FieldError[] {
  const { scope, namespace } = parameters
  const errors = validateReference(parameters, at)
  if (scope === undefined) return [...errors, fieldRequired(at.child('scope'))]
  if (!scopes.includes(scope))
    return [...errors, fieldNotSupported(at.child('scope'), scope, scopes)]
  if (scope === 'Cluster') {
    const text = "`parameters.scope` is set to 'Cluster'"
    return namespace === undefined
      ? errors
      : [...errors, fieldForbidden(at.child('namespace'), text)]
  }
  if (namespace !== undefined)
    return [...errors, ...checked(at.child('namespace'), namespace, checkDns1123Label)]
  const text = "`parameters.scope` is set to 'Namespace'"
  return [...errors, fieldRequired(at.child('namespace'), text)]
}

export function validateIngressClassUpdate(object: IngressClass, old: IngressClass): FieldError[] {
  return [
    ...validateImmutable(object.spec.controller, old.spec.controller, path.child('controller')),
    ...validateIngressClass(object),
  ]
}
