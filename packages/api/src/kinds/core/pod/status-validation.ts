import type { Container, Pod, PodSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldDuplicate, fieldForbidden, fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { parseIp, validateIp } from '../../../validation/ip.ts'
import { checkDns1123Subdomain, checkQualifiedName } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateAnnotationUpdates } from '../../pod-spec/annotation-validation.ts'
import { checked, checkedIfSet } from '../../rules/checked.ts'
import { annotationsPath } from './validation.ts'

const path = fieldPath('status')

/** Rules of a status that a kubelet or scheduler writes (ValidatePodStatusUpdate). */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  return [
    ...validateAnnotationUpdates(
      pod.metadata.annotations,
      old.metadata.annotations,
      annotationsPath,
    ),
    ...validateConditions(pod),
    ...validateNodeNames(pod, old),
    ...validateImmutable(pod.status?.qosClass, old.status?.qosClass, path.child('qosClass')),
    ...validateTransitions(pod, old),
    ...validateClaimStatuses(pod),
    ...validateIps(pod, old),
  ]
}

const systemConditions = ['PodScheduled', 'Ready', 'Initialized']

function validateConditions({ status }: Pod): FieldError[] {
  return (status?.conditions ?? []).flatMap(({ type, observedGeneration = 0 }, i) => {
    const at = path.child('conditions').index(i)
    const errors =
      observedGeneration < 0
        ? [
            fieldInvalid(
              at.child('observedGeneration'),
              observedGeneration,
              'must be a non-negative integer',
            ),
          ]
        : []
    if (systemConditions.includes(type)) return errors
    return [...errors, ...checked(at.child('Type'), type, checkQualifiedName)]
  })
}

function validateNodeNames(pod: Pod, old: Pod): FieldError[] {
  const now = pod.status?.nominatedNodeName ?? ''
  const at = path.child('nominatedNodeName')
  const errors: FieldError[] = []
  if ((pod.spec.nodeName ?? '') !== (old.spec.nodeName ?? ''))
    errors.push(fieldForbidden(path.child('nodeName'), 'may not be changed directly'))
  if (now !== '' && now !== (old.status?.nominatedNodeName ?? '')) {
    errors.push(...checkedIfSet(at, now, checkDns1123Subdomain))
    if (old.spec.nodeName)
      errors.push(fieldForbidden(at, 'may not be set on pods that are already bound to a node'))
  }
  const generation = pod.status?.observedGeneration ?? 0
  if (generation < 0) {
    const text = 'must be a non-negative integer'
    errors.push(fieldInvalid(path.child('observedGeneration'), generation, text))
  }
  return errors
}

/** A container that has ended for good does not run again. */
function validateTransitions(pod: Pod, old: Pod): FieldError[] {
  const { spec } = old
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const restartsAll = all.some(({ restartPolicyRules }) =>
    (restartPolicyRules ?? []).some(({ action }) => action === 'RestartAllContainers'),
  )
  const judge = (
    field: 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses',
    mayRestart: (name: string, exitCode: number) => boolean,
  ): FieldError[] =>
    (old.status?.[field] ?? []).flatMap((before, i) => {
      const exitCode = before.state?.terminated?.exitCode
      const now = pod.status?.[field]?.find(({ name }) => name === before.name)
      if (exitCode === undefined || !now || now.state?.terminated) return []
      if (mayRestart(before.name, exitCode)) return []
      const text = 'may not be transitioned to non-terminated state'
      return [fieldForbidden(path.child(field).index(i).child('state'), text)]
    })
  const mayRestart = (list: readonly Container[]) => (name: string, exitCode: number) =>
    restartsAll ||
    shouldRestart(
      list.find((c) => c.name === name),
      spec,
      exitCode,
    )
  return [
    ...judge('containerStatuses', mayRestart(spec.containers ?? [])),
    ...judge('initContainerStatuses', mayRestart(spec.initContainers ?? [])),
    ...judge('ephemeralContainerStatuses', () => false),
  ]
}

/** api/v1/pod ContainerShouldRestart: a rule, else the container's policy, else the pod's. */
function shouldRestart(container: Container | undefined, spec: PodSpec, exitCode: number): boolean {
  if (!container) return false
  if (container.restartPolicy !== undefined) {
    const matches = (container.restartPolicyRules ?? []).some(({ exitCodes }) => {
      const listed = (exitCodes?.values ?? []).includes(exitCode)
      return exitCodes?.operator === 'NotIn' ? !listed : listed
    })
    if (matches) return true
  }
  switch (container.restartPolicy ?? spec.restartPolicy) {
    case 'OnFailure':
      return exitCode !== 0
    case 'Never':
      return false
    default:
      return true
  }
}

function validateClaimStatuses({ spec, status }: Pod): FieldError[] {
  const claims = (spec.resourceClaims ?? []).map(({ name }) => name)
  const seen = new Set<string>()
  return (status?.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, i) => {
    const at = path.child('resourceClaimStatuses').index(i)
    const errors: FieldError[] = []
    if (!claims.includes(name)) {
      const text = 'must match the name of an entry in `spec.resourceClaims`'
      errors.push(fieldInvalid(at.child('name'), name, text))
    }
    if (seen.has(name)) errors.push(fieldDuplicate(at.child('name'), name))
    seen.add(name)
    return [
      ...errors,
      ...checkedIfSet(at.child('resourceClaimName'), resourceClaimName, checkDns1123Subdomain),
    ]
  })
}

function validateIps({ status }: Pod, old: Pod): FieldError[] {
  const { hostIP = '', hostIPs = [], podIPs = [] } = status ?? {}
  const errors = validateIpList(podIPs, old.status?.podIPs ?? [], path.child('podIPs'))
  const at = path.child('hostIPs')
  const [first] = hostIPs
  if (first && hostIP !== first.ip)
    errors.push(fieldInvalid(at.index(0).child('ip'), first.ip, 'must be equal to `hostIP`'))
  return [...errors, ...validateIpList(hostIPs, old.status?.hostIPs ?? [], at)]
}

function validateIpList(
  ips: readonly { ip: string }[],
  old: readonly { ip: string }[],
  at: FieldPath,
): FieldError[] {
  const errors = ips.flatMap(({ ip }, i) =>
    validateIp(
      at.index(i),
      ip,
      old.some((before) => before.ip === ip),
    ),
  )
  const families = new Set(ips.map(({ ip }) => parseIp(ip)?.family))
  if (ips.length <= families.size) return errors
  const shown = ips.map(({ ip }) => ({ IP: ip }))
  return [...errors, fieldInvalid(at, shown, 'may specify no more than one IP for each IP family')]
}
