import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressSpec,
  IngressTLS,
} from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { parseIp, validateIp } from '../../../validation/ip.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkWildcardDns1123Subdomain,
} from '../../../validation/name-rules.ts'
import { checkPortName, checkPortNumber } from '../../../validation/value-rules.ts'
import { checked, checkedIfSet } from '../../rules/checked.ts'
import { validateReference } from '../typed-reference.ts'

/** Where the class stood before v1.18. */
export const classAnnotation = 'kubernetes.io/ingress.class'

const path = fieldPath('spec')

/** What an ingress may keep that a new one may not have. */
interface Leniency {
  readonly secretNames?: boolean
  readonly wildcardRules?: boolean
}

export function validateIngress({ metadata, spec }: Ingress): FieldError[] {
  const errors = validateSpec(spec, {})
  const annotation = metadata.annotations?.[classAnnotation]
  const name = spec.ingressClassName
  if (annotation === undefined || name === undefined || annotation === name) return errors
  const at = fieldPath('annotations').child(classAnnotation)
  const text = 'must match `ingressClassName` when both are specified'
  return [...errors, fieldInvalid(at, annotation, text)]
}

export function validateIngressUpdate({ spec }: Ingress, { spec: old }: Ingress): FieldError[] {
  return validateSpec(spec, {
    secretNames: (old.tls ?? []).some((tls) => validateSecretName(tls, path).length > 0),
    wildcardRules: (old.rules ?? []).some(
      (rule) => isWildcard(rule.host ?? '') && validatePaths(rule, path).length > 0,
    ),
  })
}

function validateSpec(spec: IngressSpec, passes: Leniency): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec
  const errors: FieldError[] = []
  if (rules.length === 0 && !defaultBackend) {
    const text = 'either `defaultBackend` or `rules` must be specified'
    errors.push(fieldInvalid(path, spec.rules ?? null, text))
  }
  if (defaultBackend) errors.push(...validateBackend(defaultBackend, path.child('defaultBackend')))
  for (const [i, rule] of rules.entries())
    errors.push(...validateRule(rule, path.child('rules').index(i), passes))
  for (const [i, entry] of tls.entries())
    errors.push(...validateTls(entry, path.child('tls').index(i), passes))
  if (ingressClassName === undefined) return errors
  const at = path.child('ingressClassName')
  return [...errors, ...checked(at, ingressClassName, checkDns1123Subdomain)]
}

function isWildcard(host: string): boolean {
  return host.includes('*')
}

function validateHost(host: string, at: FieldPath): FieldError[] {
  return checked(at, host, isWildcard(host) ? checkWildcardDns1123Subdomain : checkDns1123Subdomain)
}

function validateRule(rule: IngressRule, at: FieldPath, passes: Leniency): FieldError[] {
  const { host = '' } = rule
  const errors = host === '' ? [] : validateHost(host, at.child('host'))
  if (parseIp(host)) {
    const text = 'must be a DNS name, not an IP address'
    errors.unshift(fieldInvalid(at.child('host'), host, text))
  }
  if (isWildcard(host) && passes.wildcardRules) return errors
  return [...errors, ...validatePaths(rule, at)]
}

function validatePaths({ http }: IngressRule, at: FieldPath): FieldError[] {
  if (!http) return []
  const pathsPath = at.child('http', 'paths')
  const paths = (http.paths as HTTPIngressPath[] | undefined) ?? []
  if (paths.length === 0) return [fieldRequired(pathsPath)]
  return paths.flatMap((entry, i) => validatePath(entry, pathsPath.index(i)))
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
const badSequences = ['//', '/./', '/../', '%2f', '%2F']
const badEndings = ['/..', '/.']

function validatePath(entry: HTTPIngressPath, at: FieldPath): FieldError[] {
  const { path: text = '', backend } = entry
  const pathType = entry.pathType as string | undefined
  const typePath = at.child('pathType')
  if (pathType === undefined) return [fieldRequired(typePath, 'pathType must be specified')]
  const errors = pathTypes.includes(pathType)
    ? validatePathText(text, pathType !== 'ImplementationSpecific', at.child('path'))
    : [fieldNotSupported(typePath, pathType, pathTypes)]
  return [...errors, ...validateBackend(backend, at.child('backend'))]
}

function validatePathText(text: string, isMatched: boolean, at: FieldPath): FieldError[] {
  const errors =
    text.startsWith('/') || (text === '' && !isMatched)
      ? []
      : [fieldInvalid(at, text, 'must be an absolute path')]
  if (!isMatched) return errors
  return [
    ...errors,
    ...badSequences
      .filter((bad) => text.includes(bad))
      .map((bad) => fieldInvalid(at, text, `must not contain '${bad}'`)),
    ...badEndings
      .filter((bad) => text.endsWith(bad))
      .map((bad) => fieldInvalid(at, text, `cannot end with '${bad}'`)),
  ]
}

function validateBackend({ service, resource }: IngressBackend, at: FieldPath): FieldError[] {
  if (service && resource)
    return [fieldInvalid(at, '', 'cannot set both resource and service backends')]
  if (resource) return validateReference(resource, at.child('resource'))
  if (service) return validateService(service, at)
  return [fieldInvalid(at, '', 'resource or service backend is required')]
}

function validateService({ name, port }: IngressServiceBackend, at: FieldPath): FieldError[] {
  const namePath = at.child('service', 'name')
  const errors =
    name === '' ? [fieldRequired(namePath)] : checked(namePath, name, checkDns1123Label)
  const { name: portName = '', number = 0 } = port ?? {}
  const portPath = at.child('service', 'port')
  if (portName !== '' && number !== 0)
    return [...errors, fieldInvalid(at, '', 'cannot set both port name & port number')]
  if (portName !== '')
    return [...errors, ...checked(portPath.child('name'), portName, checkPortName)]
  if (number !== 0)
    return [...errors, ...checked(portPath.child('number'), number, checkPortNumber)]
  return [...errors, fieldRequired(at, 'port name or number is required')]
}

function validateTls(tls: IngressTLS, at: FieldPath, passes: Leniency): FieldError[] {
  return [
    ...(tls.hosts ?? []).flatMap((host, i) => validateHost(host, at.child('hosts').index(i))),
    ...(passes.secretNames ? [] : validateSecretName(tls, at)),
  ]
}

function validateSecretName({ secretName }: IngressTLS, at: FieldPath): FieldError[] {
  return checkedIfSet(at.child('secretName'), secretName, checkDns1123Subdomain)
}

export function validateIngressStatus(object: Ingress, old: Ingress): FieldError[] {
  const at = fieldPath('status', 'loadBalancer', 'ingress')
  const before = (old.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
  return (object.status.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const hostPath = at.index(i).child('hostname')
    const errors = [
      ...(ip ? validateIp(at.index(i).child('ip'), ip, before.includes(ip)) : []),
      ...checkedIfSet(hostPath, hostname, checkDns1123Subdomain),
    ]
    if (hostname && parseIp(hostname))
      errors.push(fieldInvalid(hostPath, hostname, 'must be a DNS name, not an IP address'))
    return errors
  })
}
