import type { ServiceCIDR, ServiceCIDRSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { parseCidr, validateCanonicalCidr } from '../../../validation/ip.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'

const path = fieldPath('spec', 'cidrs')

export function validateServiceCidr({ spec }: ServiceCIDR): FieldError[] {
  return validateSpec(spec)
}

function validateSpec({ cidrs = [] }: ServiceCIDRSpec): FieldError[] {
  if (cidrs.length === 0) return [fieldRequired(path, 'at least one CIDR required')]
  if (cidrs.length > 2)
    return [fieldInvalid(path, { CIDRs: cidrs }, 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((cidr, i) => validateCanonicalCidr(path.index(i), cidr))
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.address.family)
  if (first === undefined || first !== second) return errors
  const text =
    'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
  return [...errors, fieldInvalid(path, cidrs, text)]
}

/** A second family may be added; nothing else changes. */
export function validateServiceCidrUpdate(object: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const [cidrs, before] = [object.spec.cidrs ?? [], old.spec.cidrs ?? []]
  const isSecondAdded = before.length === 1 && cidrs.length === 2
  if (cidrs.length !== before.length && !isSecondAdded)
    return validateImmutable(cidrs, before, path)
  return [
    ...before.flatMap((cidr, i) => validateImmutable(cidrs[i], cidr, path.index(i))),
    ...(isSecondAdded ? validateSpec(object.spec) : []),
  ]
}
