import type { FieldError } from '../../status-error.ts'
import { fieldNotSupported, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'

const protocols = ['SCTP', 'TCP', 'UDP']

/** Required, and one that services and pods know. */
export function validateProtocol(protocol: string | undefined, path: FieldPath): FieldError[] {
  if (!protocol) return [fieldRequired(path)]
  return protocols.includes(protocol) ? [] : [fieldNotSupported(path, protocol, protocols)]
}
