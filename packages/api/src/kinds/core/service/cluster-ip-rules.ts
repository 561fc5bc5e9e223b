import type { ServiceSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { parseIp, validateIp } from '../../../validation/ip.ts'
import { oneOfIfSet } from '../../rules/checked.ts'

const ipsPath = fieldPath('spec', 'clusterIPs')
const familiesPath = fieldPath('spec', 'ipFamilies')
const policyPath = fieldPath('spec', 'ipFamilyPolicy')

const families = ['IPv4', 'IPv6']
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

/** No address of its own: its name leads to its pods. */
export function isHeadless({ clusterIPs }: ServiceSpec): boolean {
  return clusterIPs?.length === 1 && clusterIPs[0] === 'None'
}

/** clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy must agree (ValidateServiceClusterIPsRelatedFields). */
export function validateClusterIpFields(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
): FieldError[] {
  if (spec.type === 'ExternalName') return []
  const errors = [
    ...validateSingular(spec),
    ...validateFamilies(spec),
    ...oneOfIfSet(policyPath, spec.ipFamilyPolicy, policies),
  ]
  const { clusterIPs = [] } = spec
  const ofIps = validateIps(clusterIPs, old?.clusterIPs ?? [])
  errors.push(...ofIps)
  if (clusterIPs.length > 2)
    errors.push(fieldInvalid(ipsPath, clusterIPs, 'may only hold up to 2 values'))
  return ofIps.length > 0 ? errors : [...errors, ...validateAgreement(spec)]
}

function validateSingular({ clusterIP = '', clusterIPs = [] }: ServiceSpec): FieldError[] {
  if (clusterIP === '') {
    if (clusterIPs.length === 0) return []
    const text = 'must be empty when `clusterIP` is not specified'
    return [fieldInvalid(ipsPath, clusterIPs, text)]
  }
  if (clusterIPs.length === 0) return [fieldRequired(ipsPath)]
  if (clusterIPs[0] === clusterIP) return []
  return [fieldInvalid(ipsPath, clusterIPs, 'first value must match `clusterIP`')]
}

function validateFamilies({ ipFamilies = [] }: ServiceSpec): FieldError[] {
  return ipFamilies.flatMap((family, i) => {
    const path = familiesPath.index(i)
    return [
      ...(families.includes(family) ? [] : [fieldNotSupported(path, family, families)]),
      ...(ipFamilies.indexOf(family) < i ? [fieldDuplicate(path, family)] : []),
    ]
  })
}

function validateIps(ips: readonly string[], old: readonly string[]): FieldError[] {
  return ips.flatMap((ip, i) => {
    if (i > 0 || ip !== 'None') return validateIp(ipsPath.index(i), ip, old.includes(ip))
    if (ips.length === 1) return []
    return [fieldInvalid(ipsPath, ips, "'None' must be the first and only value")]
  })
}

function validateAgreement(spec: ServiceSpec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec
  const errors: FieldError[] = []
  const found = clusterIPs.map((ip) => parseIp(ip)?.family)
  if (new Set(found).size < found.length) {
    const text = 'may specify no more than one IP for each IP family'
    errors.push(fieldInvalid(ipsPath, clusterIPs, text))
  }
  if (isHeadless(spec)) return errors
  for (const [i, ip] of clusterIPs.entries()) {
    const family = ipFamilies[i]
    if (family === undefined || `IPv${found[i]}` === family) continue
    const text = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``
    errors.push(fieldInvalid(ipsPath.index(i), ip, text))
  }
  return errors
}

/** Addresses and families stay; a second one may come, or go with the right policy. */
export function validateClusterIpUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return []
  return [...validateIpsKept(spec, old), ...validateFamiliesKept(spec, old)]
}

const onceSet = 'may not change once set'

function validateIpsKept(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isHeadless(spec) && isHeadless(old)) return []
  const now = spec.clusterIPs ?? []
  const before = old.clusterIPs ?? []
  const first = fieldInvalid(ipsPath.index(0), now, onceSet)
  if (before.length === now.length)
    return before.flatMap((ip, i) =>
      ip === now[i] ? [] : [fieldInvalid(ipsPath.index(i), now, onceSet)],
    )
  if (before.length < now.length) return before.length > 0 && before[0] !== now[0] ? [first] : []
  if (now.length === 0)
    return [fieldInvalid(ipsPath.index(0), null, 'primary clusterIP can not be unset')]
  return [
    ...(now[0] === before[0] ? [] : [first]),
    ...(now.length === 1 ? validateRelease(spec, 'clusterIP') : []),
  ]
}

function validateRelease({ ipFamilyPolicy }: ServiceSpec, what: string): FieldError[] {
  if (ipFamilyPolicy === 'SingleStack') return []
  const text = `must be set to 'SingleStack' when releasing the secondary ${what}`
  return [fieldInvalid(policyPath, ipFamilyPolicy ?? null, text)]
}

// Upstream names the first family whichever it is, and sometimes shows the addresses.
function validateFamiliesKept(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isHeadless(spec) || isHeadless(old)) return []
  const path = familiesPath.index(0)
  const now = spec.ipFamilies ?? []
  const before = old.ipFamilies ?? []
  const changed = now.length > 0 && before.length > 0 && now[0] !== before[0]
  const first = fieldInvalid(path, spec.clusterIPs ?? null, onceSet)
  if (before.length === now.length)
    return before.flatMap((family, i) =>
      family === now[i] ? [] : [fieldInvalid(path, now, onceSet)],
    )
  if (before.length < now.length) return changed ? [first] : []
  const unset =
    (spec.clusterIPs ?? []).length === 0
      ? [fieldInvalid(path, now.length > 0 ? now : null, 'primary ipFamily can not be unset')]
      : []
  return [
    ...unset,
    ...(changed ? [first] : []),
    ...(now.length === 1 ? validateRelease(spec, 'ipFamily') : []),
  ]
}
