import type { Container, Pod, ResourceRequirements } from '../../../generated/types.ts'
import { goQuote } from '../../../go-text.ts'
import { deepEqual } from '../../../object.ts'
import { isSidecar } from '../../../pod/containers.ts'
import { computeQosClass, qosClassOf } from '../../../pod/qos-class.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateAnnotationUpdates } from '../../pod-spec/annotation-validation.ts'
import { mirrorAnnotation } from '../../pod-spec/claims-validation.ts'
import { specDifference } from '../../rules/spec-difference.ts'
import { annotationsPath, validatePodWhole } from './validation.ts'

const specPath = fieldPath('spec')

/** Ephemeral containers come, but never go or change (ValidatePodEphemeralContainersUpdate). */
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [fieldForbidden(fieldPath(''), 'static pods do not support ephemeral containers')]
  const path = specPath.child('ephemeralContainers')
  const errors = [
    ...validatePodWhole(pod),
    ...validateAnnotationUpdates(
      pod.metadata.annotations,
      old.metadata.annotations,
      annotationsPath,
    ),
  ]
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = pod.spec.ephemeralContainers?.find(({ name }) => name === before.name)
    const what = `existing ephemeral containers ${goQuote(before.name)} may not be`
    if (!now) errors.push(fieldForbidden(path, `${what} removed\n`))
    else if (!deepEqual(now, before))
      errors.push(fieldForbidden(path, `${what} changed\n${specDifference(before, now)}`))
  }
  return errors
}

/** Only cpu and memory change (ValidatePodResize, KEP-1287). */
export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [fieldForbidden(fieldPath(''), 'static pods cannot be resized')]
  if (old.spec.os?.name === 'windows')
    return [fieldForbidden(fieldPath(''), 'windows pods cannot be resized')]
  const errors = validatePodWhole(pod)
  if (qosClassOf(old) !== computeQosClass(pod)) {
    const text = 'Pod QOS Class may not change as a result of resizing'
    errors.push(fieldInvalid(specPath, pod.status?.qosClass ?? '', text))
  }
  if (!nodeResizes(old))
    errors.push(fieldForbidden(specPath, 'Pod running on node without support for resize'))
  errors.push(...validatePodLevel(pod, old))
  const order = validateOrder(pod, old)
  if (order.length > 0) return [...errors, ...order]
  errors.push(...validateList(pod, old, 'initContainers'), ...validateList(pod, old, 'containers'))
  if (errors.length > 0 || deepEqual(withoutResources(pod), withoutResources(old))) return errors
  return [fieldForbidden(specPath, 'only cpu and memory resources are mutable')]
}

/** A kubelet that can resize says what its containers have. */
function nodeResizes({ status }: Pod): boolean {
  const running = (status?.containerStatuses ?? []).find(({ state }) => state?.running)
  return !running || running.resources !== undefined
}

function validatePodLevel(pod: Pod, old: Pod): FieldError[] {
  const path = specPath.child('resources')
  const { resources: now } = pod.spec
  const { resources: before } = old.spec
  if (!before && !now) return []
  if (!now) return [fieldForbidden(path, 'pod-level resources cannot be removed')]
  const errors = (['requests', 'limits'] as const)
    .filter((which) => isRemoved(now[which], before?.[which]))
    .map((which) => {
      const text = `pod-level resource ${which} cannot be removed`
      return fieldForbidden(path.child(which), text)
    })
  if (deepEqual(withoutCpuAndMemory(now), withoutCpuAndMemory(before))) return errors
  const text = 'only cpu and memory resources are mutable at pod-level'
  return [...errors, fieldForbidden(specPath, text)]
}

function validateOrder(pod: Pod, old: Pod): FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap((list) => {
    const now = pod.spec[list] ?? []
    const before = old.spec[list] ?? []
    const path = specPath.child(list)
    if (now.length !== before.length)
      return [fieldForbidden(path, `${list} may not be added or removed on resize`)]
    return before.flatMap(({ name }, i) =>
      name === now[i]!.name
        ? []
        : [
            fieldForbidden(
              path.index(i).child('name'),
              `${list} may not be renamed or reordered on resize`,
            ),
          ],
    )
  })
}

function validateList(pod: Pod, old: Pod, list: 'containers' | 'initContainers'): FieldError[] {
  return (old.spec[list] ?? []).flatMap((before, i) => {
    const now = pod.spec[list]![i]!
    const at = specPath.child(list).index(i)
    const errors = validateRemoved(now, before, at.child('resources'))
    if (!deepEqual(bare(now), bare(before)))
      errors.push(
        list === 'containers'
          ? fieldForbidden(specPath, 'only cpu and memory resources are mutable')
          : fieldForbidden(
              at,
              'only cpu and memory resources for init or sidecar containers are mutable',
            ),
      )
    const changed = !deepEqual(now, before)
    if (list === 'initContainers' && changed && !isSidecar(now))
      for (const { restartPolicy } of now.resizePolicy ?? [])
        if (restartPolicy === 'RestartContainer') {
          const text =
            'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'
          errors.push(fieldForbidden(at, text))
        }
    return errors
  })
}

function validateRemoved(now: Container, before: Container, path: FieldPath): FieldError[] {
  return (['requests', 'limits'] as const)
    .filter((which) => isRemoved(now.resources?.[which], before.resources?.[which]))
    .map((which) => fieldForbidden(path.child(which), `resource ${which} cannot be removed`))
}

function isRemoved(
  now: Record<string, string> | undefined,
  before: Record<string, string> | undefined,
): boolean {
  return Object.keys(before ?? {}).some((name) => now?.[name] === undefined)
}

function withoutResources({ spec }: Pod): unknown {
  return {
    ...spec,
    resources: undefined,
    containers: spec.containers.map(bare),
    initContainers: spec.initContainers?.map(bare),
  }
}

function bare(container: Container): Container {
  return { ...container, resources: withoutCpuAndMemory(container.resources) }
}

function withoutCpuAndMemory(resources: ResourceRequirements | undefined): ResourceRequirements {
  const others = (list: Record<string, string> | undefined): Record<string, string> =>
    Object.fromEntries(
      Object.entries(list ?? {}).filter(([name]) => name !== 'cpu' && name !== 'memory'),
    )
  const { claims } = resources ?? {}
  return {
    limits: others(resources?.limits),
    requests: others(resources?.requests),
    ...(claims && { claims }),
  }
}
