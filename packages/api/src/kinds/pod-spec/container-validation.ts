import type { Container, ContainerPort, EphemeralContainer } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  fieldTooMany,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkDns1123Label } from '../../validation/name-rules.ts'
import { checkPortName, checkPortNumber } from '../../validation/value-rules.ts'
import { validateProtocol } from '../network-rules/protocol.ts'
import { checked, oneOf, requiredIfEmpty } from '../rules/checked.ts'
import { validateEnv, validateEnvFrom } from './env-validation.ts'
import type { Volumes } from './mount-validation.ts'
import { validateVolumeDevices, validateVolumeMounts } from './mount-validation.ts'
import { validateContainerResources } from './resource-validation.ts'
import { validateSecurityContext } from './security-context-validation.ts'

/** What the rules of a container look at besides the container. */
export interface ContainerSurroundings {
  readonly volumes: Volumes
  /** Names of spec.resourceClaims. */
  readonly claimNames: ReadonlySet<string>
  readonly podRestartPolicy: string
  readonly hostUsers: boolean
}

type AnyContainer = Container | EphemeralContainer

/** Rules of every kind of container (validateContainerCommon). */
export function validateContainer(
  container: AnyContainer,
  around: ContainerSurroundings,
  path: FieldPath,
): FieldError[] {
  const { name, image, terminationMessagePolicy, imagePullPolicy } = container
  return [
    ...(name === ''
      ? [fieldRequired(path.child('name'))]
      : checked(path.child('name'), name, checkDns1123Label)),
    ...requiredIfEmpty(path.child('image'), image),
    ...oneOf(path.child('terminationMessagePolicy'), terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
    ...validatePorts(container.ports ?? [], path.child('ports')),
    ...validateEnv(container.env ?? [], path.child('env')),
    ...validateEnvFrom(container.envFrom ?? [], path.child('envFrom')),
    ...validateVolumeMounts(container, around.volumes, path.child('volumeMounts')),
    ...validateVolumeDevices(container, around.volumes, path.child('volumeDevices')),
    ...oneOf(path.child('imagePullPolicy'), imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...validateContainerResources(container.resources, around.claimNames, path.child('resources')),
    ...validateResizePolicies(container, around.podRestartPolicy, path.child('resizePolicy')),
    ...validateSecurityContext(
      container.securityContext,
      around.hostUsers,
      path.child('securityContext'),
    ),
  ]
}

function validatePorts(ports: readonly ContainerPort[], path: FieldPath): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, i) => {
    const at = path.index(i)
    const errors = port.name ? validatePortName(port.name, names, at.child('name')) : []
    const { containerPort, hostPort } = port
    if (!containerPort) errors.push(fieldRequired(at.child('containerPort')))
    else errors.push(...checked(at.child('containerPort'), containerPort, checkPortNumber))
    if (hostPort) errors.push(...checked(at.child('hostPort'), hostPort, checkPortNumber))
    return [...errors, ...validateProtocol(port.protocol, at.child('protocol'))]
  })
}

function validatePortName(name: string, names: Set<string>, path: FieldPath): FieldError[] {
  const errors = checked(path, name, checkPortName)
  if (errors.length > 0) return errors
  if (names.has(name)) return [fieldDuplicate(path, name)]
  names.add(name)
  return []
}

function validateResizePolicies(
  { resizePolicy = [] }: AnyContainer,
  podRestartPolicy: string,
  path: FieldPath,
): FieldError[] {
  const seen = new Set<string>()
  return resizePolicy.flatMap(({ resourceName, restartPolicy }, i) => {
    const errors = seen.has(resourceName) ? [fieldDuplicate(path.index(i), resourceName)] : []
    seen.add(resourceName)
    errors.push(
      ...oneOf(path, resourceName, ['cpu', 'memory']),
      ...oneOf(path, restartPolicy, ['NotRequired', 'RestartContainer']),
    )
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
      errors.push(fieldInvalid(path, restartPolicy, text))
    }
    return errors
  })
}

const containerPolicies = ['Always', 'Never', 'OnFailure']

/** A restart policy of the container's own, and rules by exit code (KEP-5307). */
export function validateOwnRestartPolicy(
  { restartPolicy, restartPolicyRules = [] }: Container,
  path: FieldPath,
): FieldError[] {
  const rulesPath = path.child('restartPolicyRules')
  const errors: FieldError[] = []
  if (restartPolicy === undefined) {
    if (restartPolicyRules.length === 0) return []
    const text = 'must specify restartPolicy when restart rules are used'
    errors.push(fieldRequired(path.child('restartPolicy'), text))
  } else if (!containerPolicies.includes(restartPolicy))
    errors.push(fieldNotSupported(path.child('restartPolicy'), restartPolicy, containerPolicies))
  if (restartPolicyRules.length > 20)
    errors.push(fieldTooMany(rulesPath, restartPolicyRules.length, 20))
  return [
    ...errors,
    ...restartPolicyRules.flatMap((rule, i) => validateRestartRule(rule, rulesPath.index(i))),
  ]
}

function validateRestartRule(
  { action, exitCodes }: NonNullable<Container['restartPolicyRules']>[number],
  path: FieldPath,
): FieldError[] {
  const actions = ['Restart', 'RestartAllContainers']
  const errors: FieldError[] = actions.includes(action)
    ? []
    : [fieldNotSupported(path.child('action'), action, actions)]
  const at = path.child('exitCodes')
  if (!exitCodes) return [...errors, fieldRequired(at, 'must be specified')]
  const operators = ['In', 'NotIn']
  if (!operators.includes(exitCodes.operator))
    errors.push(fieldNotSupported(at.child('operator'), exitCodes.operator, operators))
  const count = exitCodes.values?.length ?? 0
  if (count > 255) errors.push(fieldTooMany(at.child('values'), count, 255))
  return errors
}

/** Of pods only: templates may have such images. */
export function validateImageSpaces({ image = '' }: AnyContainer, path: FieldPath): FieldError[] {
  if (image.trim() === image) return []
  const text = 'must not have leading or trailing whitespace'
  return [fieldInvalid(path.child('image'), image, text)]
}

/** What a container that is added to a running pod may not have, in the order of messages. */
const notEphemeral = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const

export function validateEphemeral(
  container: EphemeralContainer,
  otherNames: readonly string[],
  path: FieldPath,
): FieldError[] {
  const text = 'cannot be set for an Ephemeral Container'
  const errors: FieldError[] = []
  const target = container.targetContainerName
  if (target && !otherNames.includes(target))
    errors.push(fieldNotFound(path.child('targetContainerName'), target))
  for (const field of notEphemeral)
    if (!isEmpty(container[field])) errors.push(fieldForbidden(path.child(field), text))
  for (const [i, mount] of (container.volumeMounts ?? []).entries())
    for (const field of ['subPath', 'subPathExpr'] as const)
      if (mount[field]) {
        const at = path.child('volumeMounts').index(i).child(field)
        errors.push(fieldForbidden(at, text))
      }
  return errors
}

/** Resources are always written, also when there are none. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
