import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../../generated/types.ts'
import { goQuote } from '../../../go-text.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { certificateComplaint, requestComplaint } from './pem.ts'
import { validateSignerName } from './signer-name.ts'
import { keyUsages } from './key-usages.ts'

type Csr = CertificateSigningRequest
type Part = 'whole' | 'status' | 'approval'

const specPath = fieldPath('spec')
const conditionsPath = fieldPath('status', 'conditions')
const certificatePath = fieldPath('status', 'certificate')
const decisions = ['Approved', 'Denied']
const legacySigner = 'kubernetes.io/legacy-unknown'
/** Ten minutes; shorter is not worth a signature (CSR duration, KEP-2784). */
const minExpirationSeconds = 600

/** Rules of a request; what an old one was allowed to be, it may stay. */
export function validateRequest(object: Csr, old: Csr | undefined): FieldError[] {
  const { spec } = object
  const errors: FieldError[] = []
  const complaint = requestComplaint(spec.request ?? '')
  if (complaint !== undefined)
    errors.push(fieldInvalid(specPath.child('request'), spec.request ?? '', complaint))
  errors.push(...validateUsages(spec.usages ?? [], old?.spec.usages))
  if (spec.signerName === legacySigner && old?.spec.signerName !== legacySigner) {
    const text = 'the legacy signerName is not allowed via this API version'
    errors.push(fieldInvalid(specPath.child('signerName'), spec.signerName, text))
  } else errors.push(...validateSignerName(spec.signerName, specPath.child('signerName')))
  const seconds = spec.expirationSeconds
  if (seconds !== undefined && seconds < minExpirationSeconds) {
    const text = 'may not specify a duration less than 600 seconds (10 minutes)'
    errors.push(fieldInvalid(specPath.child('expirationSeconds'), seconds, text))
  }
  return [...errors, ...validateConditions(object, old), ...validateCertificate(object, old)]
}

function validateUsages(usages: readonly string[], old: readonly string[] = []): FieldError[] {
  const path = specPath.child('usages')
  const errors = usages.length === 0 ? [fieldRequired(path)] : []
  if (old.every((usage) => keyUsages.includes(usage)))
    for (const [i, usage] of usages.entries())
      if (!keyUsages.includes(usage))
        errors.push(fieldNotSupported(path.index(i), usage, keyUsages))
  if (new Set(old).size === old.length)
    for (const [i, usage] of usages.entries())
      if (usages.indexOf(usage) < i) errors.push(fieldDuplicate(path.index(i), usage))
  return errors
}

function validateConditions(object: Csr, old: Csr | undefined): FieldError[] {
  const conditions = object.status?.conditions ?? []
  const before = (old?.status?.conditions ?? []).map(({ type }) => type)
  const allowEmpty = before.includes('')
  const allowBoth = decisions.every((type) => before.includes(type))
  const allowTwice = new Set(before).size < before.length
  const seen = new Set<string>()
  return conditions.flatMap((condition, i) => {
    const { type } = condition
    const path = conditionsPath.index(i)
    const errors = type === '' && !allowEmpty ? [fieldRequired(path.child('type'))] : []
    errors.push(...validateConditionStatus(condition, i))
    const other = decisions.find((decision) => decision !== type)!
    if (!allowBoth && decisions.includes(type) && seen.has(other)) {
      const text = 'Approved and Denied conditions are mutually exclusive'
      errors.push(fieldInvalid(conditionsPath, type, text))
    }
    if (!allowTwice && seen.has(type)) errors.push(fieldDuplicate(path.child('type'), type))
    seen.add(type)
    return errors
  })
}

function validateConditionStatus(
  { type, status }: CertificateSigningRequestCondition,
  index: number,
): FieldError[] {
  const path = conditionsPath.index(index).child('status')
  if (!status) return [fieldRequired(path)]
  const allowed = [...decisions, 'Failed'].includes(type) ? ['True'] : ['False', 'True', 'Unknown']
  return allowed.includes(status) ? [] : [fieldNotSupported(path, status, allowed)]
}

function validateCertificate(object: Csr, old: Csr | undefined): FieldError[] {
  const certificate = object.status?.certificate ?? ''
  const before = old?.status?.certificate ?? ''
  if (old && (certificate === before || certificateComplaint(before) !== undefined)) return []
  const complaint = certificateComplaint(certificate)
  return complaint === undefined
    ? []
    : [fieldInvalid(certificatePath, '<certificate data>', complaint)]
}

/** Each part of the object may change only by the subresource that is meant for it. */
export function validateRequestUpdate(object: Csr, old: Csr, part: Part): FieldError[] {
  const errors = validateRequest(object, old)
  const forbid = (text: string): void => void errors.push(fieldForbidden(conditionsPath, text))
  const counts = (type: string): [Csr['status']['conditions'], Csr['status']['conditions']] => [
    (object.status?.conditions ?? []).filter((condition) => condition.type === type),
    (old.status?.conditions ?? []).filter((condition) => condition.type === type),
  ]
  for (const type of [...decisions, 'Failed']) {
    const [now, before] = counts(type)
    if (now!.length < before!.length)
      forbid(`updates may not remove a condition of type ${goQuote(type)}`)
  }
  for (const type of part === 'approval' ? [] : decisions) {
    const [now, before] = counts(type)
    if (now!.length > before!.length)
      forbid(`updates may not add a condition of type ${goQuote(type)}`)
    else if (now!.length === before!.length && !deepEqual(now, before))
      forbid(`updates may not modify a condition of type ${goQuote(type)}`)
  }
  return [...errors, ...validateCertificateChange(object, old, part)]
}

function validateCertificateChange(object: Csr, old: Csr, part: Part): FieldError[] {
  const before = old.status?.certificate ?? ''
  if ((object.status?.certificate ?? '') === before) return []
  if (part !== 'status')
    return [fieldForbidden(certificatePath, 'updates may not set certificate content')]
  if (before === '') return []
  return [fieldForbidden(certificatePath, 'updates may not modify existing certificate content')]
}
