import type { Node } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldDuplicate, fieldForbidden, fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { parseCidr, validateCidr, warningsForCidr } from '../../../validation/ip.ts'
import { validateResourceQuantity } from '../../resource-rules/values.ts'
import { validateTaints } from './taints.ts'

const cidrPath = fieldPath('spec', 'podCIDRs')
// Upstream's own slip: taints stand in the spec, the path says metadata.
const taintPath = fieldPath('metadata', 'taints')

/** Rules of a node as a whole; the status subresource asks only for those of a change. */
export function validateNode(node: Node): FieldError[] {
  return [
    ...validateTaints(node.spec?.taints, taintPath),
    ...validateAmounts(node),
    ...validateSwap(node),
    ...validatePodCidrs(node.spec?.podCIDRs ?? []),
  ]
}

function validateAmounts({ status }: Node): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((field) =>
    Object.entries(status?.[field] ?? {}).flatMap(([name, text]) =>
      validateResourceQuantity(name, text, fieldPath('status', field, name)),
    ),
  )
}

function validateSwap({ status }: Node): FieldError[] {
  const capacity = status?.nodeInfo?.swap?.capacity
  if (capacity === undefined || capacity > 0) return []
  const path = fieldPath('metadata', 'nodeSwapStatus', 'capacity')
  return [fieldInvalid(path, capacity, 'must be greater than zero')]
}

function validatePodCidrs(cidrs: readonly string[]): FieldError[] {
  const errors = cidrs.flatMap((cidr, i) => validateCidr(cidrPath.index(i), cidr))
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.address.family))
  if (cidrs.length > families.size)
    errors.push(
      fieldInvalid(cidrPath, cidrs, 'may specify no more than one CIDR for each IP family'),
    )
  return errors
}

/** Rules of a change, of the whole node as well as of its status (ValidateNodeUpdate). */
export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const errors = [...validateAmounts(node), ...validateAddresses(node), ...validateKept(node, old)]
  errors.push(...validateTaints(node.spec?.taints, taintPath))
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? ''))
    errors.push(fieldForbidden(fieldPath('spec', 'externalID'), 'may not be updated'))
  return errors
}

function validateAddresses({ status }: Node): FieldError[] {
  const seen = new Set<string>()
  return (status?.addresses ?? []).flatMap((address, i) => {
    const key = `${address.type} ${address.address}`
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    const shown = { Type: address.type, Address: address.address }
    return [fieldDuplicate(fieldPath('status', 'addresses').index(i), shown)]
  })
}

function validateKept(node: Node, old: Node): FieldError[] {
  const errors: FieldError[] = []
  const before = old.spec?.podCIDRs ?? []
  const now = node.spec?.podCIDRs ?? []
  const text = 'node updates may not change podCIDR except from "" to valid'
  if (before.length > 0 && before.length !== now.length) errors.push(fieldForbidden(cidrPath, text))
  else if (before.length > 0)
    errors.push(
      ...before.flatMap((cidr, i) => (cidr === now[i] ? [] : [fieldForbidden(cidrPath, text)])),
    )
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID)
    errors.push(
      fieldForbidden(
        fieldPath('spec', 'providerID'),
        'node updates may not change providerID except from "" to valid',
      ),
    )
  return errors
}

export function nodeWarnings({ spec }: Node): string[] {
  const warnings: string[] = []
  if (spec?.configSource) warnings.push('spec.configSource: the feature is removed')
  if (spec?.externalID)
    warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes')
  const cidrs = spec?.podCIDRs ?? []
  return [...warnings, ...cidrs.flatMap((cidr, i) => warningsForCidr(cidrPath.index(i), cidr))]
}
