import type { PodSpec } from '../../generated/types.ts'
import { containersOf } from '../../pod/containers.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldForbidden, fieldNotSupported, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'

/** What spec.os rules out. */
export function validateOs(spec: PodSpec, path: FieldPath): FieldError[] {
  const name = spec.os?.name
  if (name === undefined) return []
  if (name === '') return [fieldRequired(path.child('os', 'name'))]
  switch (name) {
    case 'linux':
      return forbidden(spec, linuxRules, path)
    case 'windows':
      return forbidden(spec, windowsRules, path)
    default:
      return [fieldNotSupported(path.child('os'), name, ['linux', 'windows'])]
  }
}

interface OsRules {
  readonly text: string
  /** Below spec, in the order of messages. */
  readonly ofPod: readonly string[]
  /** Below a container's securityContext. */
  readonly ofContainer: readonly string[]
}

const linuxRules: OsRules = {
  text: 'windows options cannot be set for a linux pod',
  ofPod: ['securityContext.windowsOptions'],
  ofContainer: ['windowsOptions'],
}

const windowsRules: OsRules = {
  text: 'cannot be set for a windows pod',
  ofPod: [
    'securityContext.appArmorProfile',
    'securityContext.seLinuxOptions',
    'hostUsers',
    'hostPID',
    'hostIPC',
    'securityContext.seccompProfile',
    'securityContext.fsGroup',
    'securityContext.fsGroupChangePolicy',
    'securityContext.sysctls',
    'shareProcessNamespace',
    'securityContext.runAsUser',
    'securityContext.runAsGroup',
    'securityContext.supplementalGroups',
    'securityContext.supplementalGroupsPolicy',
    'securityContext.seLinuxChangePolicy',
  ],
  ofContainer: [
    'appArmorProfile',
    'seLinuxOptions',
    'seccompProfile',
    'capabilities',
    'readOnlyRootFilesystem',
    'privileged',
    'allowPrivilegeEscalation',
    'procMount',
    'runAsUser',
    'runAsGroup',
  ],
}

function forbidden(spec: PodSpec, rules: OsRules, path: FieldPath): FieldError[] {
  const stated = (at: FieldPath, object: object, fields: readonly string[]): FieldError[] =>
    fields
      .filter((field) => valueAt(object, field) !== undefined)
      .map((field) => fieldForbidden(at.child(field), rules.text))
  const errors = stated(path, spec, rules.ofPod)
  for (const { container, list, index } of containersOf(spec)) {
    const at = path.child(list).index(index).child('securityContext')
    errors.push(...stated(at, container.securityContext ?? {}, rules.ofContainer))
  }
  return errors
}

function valueAt(object: object, field: string): unknown {
  let value: unknown = object
  for (const name of field.split('.'))
    value = (value as Record<string, unknown> | undefined)?.[name]
  return value
}
