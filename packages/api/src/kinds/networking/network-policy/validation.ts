import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { parseCidr, validateCidr } from '../../../validation/ip.ts'
import type { IpPrefix } from '../../../validation/ip.ts'
import { validateLabelSelector } from '../../../validation/labels.ts'
import { checkPortName, checkPortNumber } from '../../../validation/value-rules.ts'
import { checked, oneOfIfSet } from '../../rules/checked.ts'
import { policyParts, policyPeers } from './parts.ts'

export function validatePolicy({ spec }: NetworkPolicy): FieldError[] {
  return validateSpec(spec, [])
}

/** Ranges that stood somewhere in the old policy pass however they are written. */
export function validatePolicyUpdate(object: NetworkPolicy, old: NetworkPolicy): FieldError[] {
  const known = policyPeers(old.spec).flatMap(({ peer: { ipBlock } }) =>
    ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : [],
  )
  return validateSpec(object.spec, known)
}

const policyTypes = ['Ingress', 'Egress']

function validateSpec(spec: NetworkPolicySpec, knownRanges: readonly string[]): FieldError[] {
  const path = fieldPath('spec')
  const errors = validateLabelSelector(spec.podSelector, path.child('podSelector'))
  for (const { ports, peers } of policyParts(spec)) {
    for (const { port, path: at } of ports) errors.push(...validatePort(port, at))
    for (const { peer, path: at } of peers) errors.push(...validatePeer(peer, at, knownRanges))
  }
  const types = spec.policyTypes ?? []
  const at = path.child('policyTypes')
  if (types.length > policyTypes.length)
    return [...errors, fieldInvalid(at, types, 'may not specify more than two policyTypes')]
  return [
    ...errors,
    ...types.flatMap((type, i) =>
      policyTypes.includes(type) ? [] : [fieldNotSupported(at.index(i), type, policyTypes)],
    ),
  ]
}

function validatePort(
  { protocol, port, endPort }: NetworkPolicyPort,
  path: FieldPath,
): FieldError[] {
  const [portPath, endPath] = [path.child('port'), path.child('endPort')]
  const errors = oneOfIfSet(path.child('protocol'), protocol, ['TCP', 'UDP', 'SCTP'])
  if (port === undefined) {
    if (endPort === undefined) return errors
    const text = 'may not be specified when `port` is not specified'
    return [...errors, fieldInvalid(endPath, endPort, text)]
  }
  if (typeof port === 'string') {
    const text = 'may not be specified when `port` is non-numeric'
    if (endPort !== undefined) errors.push(fieldInvalid(endPath, endPort, text))
    return [...errors, ...checked(portPath, port, checkPortName)]
  }
  errors.push(...checked(portPath, port, checkPortNumber))
  if (endPort === undefined) return errors
  // Messages show the first port here.
  if (endPort < port)
    errors.push(fieldInvalid(endPath, port, 'must be greater than or equal to `port`'))
  return [...errors, ...checked(endPath, endPort, checkPortNumber)]
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  path: FieldPath,
  knownRanges: readonly string[],
): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, path.child('podSelector')),
    ...validateLabelSelector(namespaceSelector, path.child('namespaceSelector')),
    ...(ipBlock ? validateIpBlock(ipBlock, path.child('ipBlock'), knownRanges) : []),
  ]
  if (!podSelector && !namespaceSelector && !ipBlock)
    errors.push(fieldRequired(path, 'must specify a peer'))
  if (ipBlock && (podSelector ?? namespaceSelector))
    errors.push(fieldForbidden(path, 'may not specify both ipBlock and another peer'))
  return errors
}

function validateIpBlock(
  { cidr, except = [] }: IPBlock,
  path: FieldPath,
  knownRanges: readonly string[],
): FieldError[] {
  const at = path.child('cidr')
  if (cidr === '') return [fieldRequired(at)]
  const errors = validateCidr(at, cidr, knownRanges.includes(cidr))
  const outer = parseCidr(cidr)
  if (!outer) return errors
  for (const [i, text] of except.entries()) {
    const exceptPath = path.child('except').index(i)
    errors.push(...validateCidr(exceptPath, text, knownRanges.includes(text)))
    const inner = parseCidr(text)
    if (inner && !isStrictlyInside(inner, outer))
      errors.push(fieldInvalid(exceptPath, text, 'must be a strict subset of `cidr`'))
  }
  return errors
}

function isStrictlyInside(inner: IpPrefix, outer: IpPrefix): boolean {
  if (inner.address.family !== outer.address.family || inner.length <= outer.length) return false
  const bits = (prefix: IpPrefix): string =>
    [...prefix.address.bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return bits(inner).slice(0, outer.length) === bits(outer).slice(0, outer.length)
}
