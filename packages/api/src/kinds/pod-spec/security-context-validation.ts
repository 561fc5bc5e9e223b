import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { byteLength } from '../../validation/name-rules.ts'
import { checkUserId } from '../../validation/value-rules.ts'
import { checkedIfSet, oneOfIfSet } from '../rules/checked.ts'
import { validateDescendingPath } from '../rules/local-path.ts'
import { shownSecurityContext } from './shown-security-context.ts'

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

/** Of one container (ValidateSecurityContext); privileged ones are allowed, as kubeadm allows them. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: FieldPath,
): FieldError[] {
  if (!context) return []
  const { procMount } = context
  const errors = [
    ...checkedIfSet(path.child('runAsUser'), context.runAsUser, checkUserId),
    ...checkedIfSet(path.child('runAsGroup'), context.runAsGroup, checkUserId),
    ...oneOfIfSet(path.child('procMount'), procMount, ['Default', 'Unmasked']),
  ]
  if (hostUsers && procMount === 'Unmasked') {
    const text = '`hostUsers` must be false to use `Unmasked`'
    errors.push(fieldInvalid(path.child('procMount'), procMount, text))
  }
  errors.push(
    ...validateSeccompProfile(context.seccompProfile, path.child('seccompProfile')),
    ...validateEscalation(context, path),
    ...validateAppArmorProfile(context.appArmorProfile, path.child('appArmorProfile')),
  )
  return errors
}

function validateEscalation(context: SecurityContext, path: FieldPath): FieldError[] {
  if (context.allowPrivilegeEscalation !== false) return []
  const errors: FieldError[] = []
  const refuse = (what: string): void => {
    const text = `cannot set \`allowPrivilegeEscalation\` to false and ${what}`
    errors.push(fieldInvalid(path, shownSecurityContext(context), text))
  }
  if (context.privileged) refuse('`privileged` to true')
  for (const capability of context.capabilities?.add ?? [])
    if (capability === 'CAP_SYS_ADMIN') refuse('`capabilities.Add` CAP_SYS_ADMIN')
  return errors
}

/** Of the pod as a whole (validatePodSpecSecurityContext). */
export function validatePodSecurityContext(
  spec: PodSpec,
  context: PodSecurityContext | undefined,
  path: FieldPath,
): FieldError[] {
  if (!context) return []
  const errors = [
    ...checkedIfSet(path.child('fsGroup'), context.fsGroup, checkUserId),
    ...checkedIfSet(path.child('runAsUser'), context.runAsUser, checkUserId),
    ...checkedIfSet(path.child('runAsGroup'), context.runAsGroup, checkUserId),
    ...(context.supplementalGroups ?? []).flatMap((group, i) =>
      checkedIfSet(path.child('supplementalGroups').index(i), group, checkUserId),
    ),
  ]
  if (spec.shareProcessNamespace && spec.hostPID) {
    const text = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(fieldInvalid(path.child('shareProcessNamespace'), true, text))
  }
  return [
    ...errors,
    ...validateSysctls(spec, context.sysctls ?? [], path.child('sysctls')),
    ...oneOfIfSet(path.child('fsGroupChangePolicy'), context.fsGroupChangePolicy, [
      'Always',
      'OnRootMismatch',
    ]),
    ...validateSeccompProfile(context.seccompProfile, path.child('seccompProfile')),
    ...validateAppArmorProfile(context.appArmorProfile, path.child('appArmorProfile')),
    ...oneOfIfSet(path.child('supplementalGroupsPolicy'), context.supplementalGroupsPolicy, [
      'Merge',
      'Strict',
    ]),
    ...oneOfIfSet(path.child('seLinuxChangePolicy'), context.seLinuxChangePolicy, [
      'MountOption',
      'Recursive',
    ]),
  ]
}

const sysctlPattern = String.raw`^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`
const sysctlRegExp = new RegExp(sysctlPattern)
const maxSysctlBytes = 253

function validateSysctls(
  { hostNetwork, hostIPC }: PodSpec,
  sysctls: readonly { name: string }[],
  path: FieldPath,
): FieldError[] {
  const seen = new Set<string>()
  return sysctls.flatMap(({ name }, i) => {
    const at = path.index(i).child('name')
    const errors: FieldError[] = []
    if (name === '') errors.push(fieldRequired(at))
    else if (byteLength(name) > maxSysctlBytes || !sysctlRegExp.test(name)) {
      const text = `must have at most ${maxSysctlBytes} characters and match regex ${sysctlPattern}`
      errors.push(fieldInvalid(at, name, text))
    } else if (seen.has(name)) errors.push(fieldDuplicate(at, name))
    seen.add(name)
    const dotted = name.replaceAll('/', '.')
    if (hostNetwork && dotted.startsWith('net.'))
      errors.push(fieldInvalid(at, name, "may not be specified when 'hostNetwork' is true"))
    if (hostIPC && isIpcSysctl(dotted))
      errors.push(fieldInvalid(at, name, "may not be specified when 'hostIPC' is true"))
    return errors
  })
}

/** component-helpers/node/util/sysctl namespaces */
function isIpcSysctl(name: string): boolean {
  return name === 'kernel.sem' || /^(kernel\.(shm|msg)|fs\.mqueue\.)/.test(name)
}

function validateSeccompProfile(
  profile: SeccompProfile | undefined,
  path: FieldPath,
): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const errors: FieldError[] = []
  if (!type)
    errors.push(fieldRequired(path.child('type'), 'type is required when seccompProfile is set'))
  else if (!profileTypes.includes(type))
    errors.push(fieldNotSupported(path.child('type'), type, profileTypes))
  const at = path.child('localhostProfile')
  if (type === 'Localhost') {
    if (localhostProfile === undefined)
      errors.push(fieldRequired(at, 'must be set when seccomp type is Localhost'))
    else errors.push(...validateDescendingPath(at, localhostProfile))
  } else if (localhostProfile !== undefined) {
    const shown = { Type: type, LocalhostProfile: localhostProfile }
    errors.push(fieldInvalid(at, shown, 'can only be set when seccomp type is Localhost'))
  }
  return errors
}

/** A path may not be longer (PATH_MAX - 1). */
const maxProfileBytes = 4095

function validateAppArmorProfile(
  profile: AppArmorProfile | undefined,
  path: FieldPath,
): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const at = path.child('localhostProfile')
  switch (type) {
    case 'Localhost':
      return validateLocalhostProfile(localhostProfile, at)
    case 'RuntimeDefault':
    case 'Unconfined':
      return localhostProfile === undefined
        ? []
        : [fieldInvalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost')]
    case '':
      return [fieldRequired(path.child('type'), 'type is required when appArmorProfile is set')]
    default:
      return [fieldNotSupported(path.child('type'), type, profileTypes)]
  }
}

function validateLocalhostProfile(profile: string | undefined, path: FieldPath): FieldError[] {
  const required = fieldRequired(path, 'must be set when AppArmor type is Localhost')
  if (profile === undefined) return [required]
  const errors: FieldError[] = []
  if (profile.trim() !== profile)
    errors.push(fieldInvalid(path, profile, 'must not be padded with whitespace'))
  else if (profile === '') errors.push(required)
  if (byteLength(profile) > maxProfileBytes) errors.push(fieldTooLong(path, maxProfileBytes))
  return errors
}
