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
      return forbidden(spec, [], ['windowsOptions'], ['windowsOptions'], path, linuxText)
    case 'windows':
      return forbidden(spec, podFields, podContextFields, contextFields, path, windowsText)
    default:
      return [fieldNotSupported(path.child('os'), name, ['linux', 'windows'])]
  }
}

const linuxText = 'windows options cannot be set for a linux pod'
const windowsText = 'cannot be set for a windows pod'

type ContextField = keyof NonNullable<PodSpec['securityContext']>

const podFields = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const
const podContextFields: readonly ContextField[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
]
const contextFields = [
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
] as const

function forbidden(
  spec: PodSpec,
  ofPod: readonly (keyof PodSpec)[],
  ofPodContext: readonly ContextField[],
  ofContext: readonly string[],
  path: FieldPath,
  text: string,
): FieldError[] {
  const contextPath = path.child('securityContext')
  const stated = (at: FieldPath, object: object | undefined, fields: readonly string[]) =>
    fields
      .filter((field) => (object as Record<string, unknown> | undefined)?.[field] !== undefined)
      .map((field) => fieldForbidden(at.child(field), text))
  const errors = [
    ...stated(contextPath, spec.securityContext, ofPodContext),
    ...stated(path, spec, ofPod),
  ]
  for (const { container, list, index } of containersOf(spec)) {
    const at = path.child(list).index(index).child('securityContext')
    errors.push(...stated(at, container.securityContext, ofContext))
  }
  return errors
}
