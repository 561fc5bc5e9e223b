import type { ObjectMeta, PodSpec } from '../../generated/types.ts'
import { containersOf } from '../../pod/containers.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldTooLong,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabels } from '../../validation/labels.ts'
import {
  byteLength,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkQualifiedName,
  rangeComplaint,
} from '../../validation/name-rules.ts'
import { checked, checkedIfSet, oneOf } from '../rules/checked.ts'
import { validateAffinity } from './affinity-validation.ts'
import { validateResourceClaims } from './claims-validation.ts'
import { validateContainerLists } from './container-lists.ts'
import { validateDnsConfig, validateHostAliases } from './dns-validation.ts'
import { validateOs } from './os-validation.ts'
import type { PodRules } from './pod-rules.ts'
import { validatePreemptionPolicy } from './preemption-policy.ts'
import { validateContainerResources, validatePodResources } from './resource-validation.ts'
import { validatePodSecurityContext } from './security-context-validation.ts'
import { validateSpreadConstraints } from './spread-validation.ts'
import { validateTolerations } from './toleration-validation.ts'
import { validateVolumes } from './volume-validation.ts'

/** An absent metadata means a template (ValidatePodSpec). */
export function validatePodSpec(
  spec: PodSpec,
  meta: Pick<ObjectMeta, 'name' | 'annotations'> | undefined,
  path: FieldPath,
  rules: PodRules,
): FieldError[] {
  const claims = spec.resourceClaims ?? []
  const claimNames = new Set(claims.map(({ name }) => name).filter((name) => name !== ''))
  const { errors, volumes } = validateVolumes(
    spec.volumes ?? [],
    meta,
    path.child('volumes'),
    rules,
  )
  const around = {
    volumes,
    claimNames,
    podRestartPolicy: spec.restartPolicy ?? '',
    hostUsers: spec.hostUsers ?? true,
  }
  return [
    ...errors,
    ...validateResourceClaims(claims, meta, path.child('resourceClaims')),
    ...validateContainerLists(spec, around, path),
    ...validatePodResources(spec, claimNames, path),
    ...validateHostNetworkPorts(spec, path.child('containers'), rules),
    ...validatePolicies(spec, path),
    ...validateScheduling(spec, path),
    ...validateHostUsers(spec, path),
    ...validateHostnameOverride(spec, path.child('hostnameOverride')),
    ...validateNames(spec, path),
    ...validateOs(spec, path),
    ...validateFileKeyVolumes(spec, path),
  ]
}

const restartPolicies = ['Always', 'OnFailure', 'Never']
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']

function validatePolicies(spec: PodSpec, path: FieldPath): FieldError[] {
  return [
    ...oneOf(path.child('restartPolicy'), spec.restartPolicy, restartPolicies),
    ...oneOf(path.child('dnsPolicy'), spec.dnsPolicy, dnsPolicies),
    ...validateLabels(spec.nodeSelector, path.child('nodeSelector')),
    ...validatePodSecurityContext(spec, spec.securityContext, path.child('securityContext')),
  ]
}

function validateScheduling(spec: PodSpec, path: FieldPath): FieldError[] {
  const gates = spec.schedulingGates ?? []
  const gatesPath = path.child('schedulingGates')
  return [
    ...validateAffinity(spec.affinity, path.child('affinity')),
    ...validateDnsConfig(spec, path.child('dnsConfig')),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) =>
      checked(
        path.child('readinessGates').index(i).child('conditionType'),
        conditionType,
        checkQualifiedName,
      ),
    ),
    ...gates.flatMap(({ name }, i) => [
      ...checked(gatesPath.index(i), name, checkQualifiedName),
      ...(gates.findIndex((gate) => gate.name === name) < i
        ? [fieldDuplicate(gatesPath.index(i), name)]
        : []),
    ]),
    ...validateSpreadConstraints(
      spec.topologySpreadConstraints ?? [],
      path.child('topologySpreadConstraints'),
    ),
  ]
}

/** On the host's network a port is a port of the host. */
function validateHostNetworkPorts(
  spec: PodSpec,
  path: FieldPath,
  { isPod }: PodRules,
): FieldError[] {
  if (!spec.hostNetwork) return []
  return (spec.containers ?? []).flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort = 0, containerPort }, j) => {
      if (hostPort === containerPort || (!isPod && hostPort === 0)) return []
      const text = 'must match `containerPort` when `hostNetwork` is true'
      return [fieldInvalid(path.index(i).child('ports').index(j).child('hostPort'), hostPort, text)]
    }),
  )
}

function validateHostUsers(spec: PodSpec, path: FieldPath): FieldError[] {
  if (spec.hostUsers ?? true) return []
  const text = 'when `hostUsers` is false'
  const errors: FieldError[] = []
  if (spec.hostNetwork) errors.push(fieldForbidden(path.child('hostNetwork'), text))
  if (spec.hostPID) errors.push(fieldForbidden(path.child('HostPID'), text))
  if (spec.hostIPC) errors.push(fieldForbidden(path.child('HostIPC'), text))
  for (const { container, list, index } of containersOf(spec))
    if ((container.volumeDevices ?? []).length > 0)
      errors.push(fieldForbidden(path.child(list).index(index).child('volumeDevices'), text))
  return errors
}

function validateHostnameOverride(spec: PodSpec, path: FieldPath): FieldError[] {
  const { hostnameOverride: name } = spec
  if (name === undefined) return []
  const errors: FieldError[] = []
  if (spec.setHostnameAsFQDN)
    errors.push(fieldForbidden(path, 'may not be specified when setHostnameAsFQDN is true'))
  if (spec.hostNetwork)
    errors.push(fieldForbidden(path, 'may not be specified when hostNetwork is true'))
  if (byteLength(name) > 64) errors.push(fieldTooLong(path, 64))
  return [...errors, ...checked(path, name, checkDns1123Subdomain)]
}

const maxInt32 = 2_147_483_647

/** Names and numbers, in the order in which upstream asks for them. */
function validateNames(spec: PodSpec, path: FieldPath): FieldError[] {
  const deadline = spec.activeDeadlineSeconds
  const subdomain = (field: 'serviceAccountName' | 'nodeName' | 'priorityClassName') =>
    checkedIfSet(path.child(field), spec[field], checkDns1123Subdomain)
  return [
    ...subdomain('serviceAccountName'),
    ...subdomain('nodeName'),
    ...(deadline !== undefined && (deadline < 1 || deadline > maxInt32)
      ? [fieldInvalid(path.child('activeDeadlineSeconds'), deadline, rangeComplaint(1, maxInt32))]
      : []),
    ...checkedIfSet(path.child('hostname'), spec.hostname, checkDns1123Label),
    ...checkedIfSet(path.child('subdomain'), spec.subdomain, checkDns1123Label),
    ...validateTolerations(spec.tolerations ?? [], path.child('tolerations')),
    ...validateHostAliases(spec.hostAliases ?? [], path.child('hostAliases')),
    ...subdomain('priorityClassName'),
    ...(spec.runtimeClassName === undefined
      ? []
      : checked(path.child('runtimeClassName'), spec.runtimeClassName, checkDns1123Subdomain)),
    ...validatePreemptionPolicy(spec.preemptionPolicy, path.child('preemptionPolicy')),
    ...validateOverhead(spec, path.child('overhead')),
  ]
}

function validateOverhead({ overhead }: PodSpec, path: FieldPath): FieldError[] {
  return overhead ? validateContainerResources({ limits: overhead }, new Set(), path) : []
}

/** Variables that are read from a file come from an emptyDir (KEP-3721). */
function validateFileKeyVolumes(spec: PodSpec, path: FieldPath): FieldError[] {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]))
  const errors: FieldError[] = []
  for (const { container, list, index } of containersOf(spec)) {
    for (const [i, { valueFrom }] of (container.env ?? []).entries()) {
      const name = valueFrom?.fileKeyRef?.volumeName
      if (name === undefined) continue
      const env = path.child(list).index(index).child('env').index(i)
      const at = env.child('valueFrom', 'fileKeyRef', 'volumeName')
      const volume = volumes.get(name)
      if (!volume) errors.push(fieldNotFound(at, name))
      else if (!volume.emptyDir)
        errors.push(fieldInvalid(at, name, 'referenced volume must be of type emptyDir'))
    }
  }
  return errors
}

/** A pod without an account has no token to project. */
export function validateProjectedTokens(spec: PodSpec, path: FieldPath): FieldError[] {
  if (spec.serviceAccountName) return []
  const text = 'must not be specified when serviceAccountName is not set'
  return (spec.volumes ?? []).flatMap(({ projected }, i) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, j) => {
      const at = path.child('volumes').index(i).child('projected', 'sources').index(j)
      return serviceAccountToken ? [fieldForbidden(at.child('serviceAccountToken'), text)] : []
    }),
  )
}
