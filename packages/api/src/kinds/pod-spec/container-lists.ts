import type { Container, EphemeralContainer, PodSpec } from '../../generated/types.ts'
import { isSidecar } from '../../pod/containers.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import type { ContainerSurroundings } from './container-validation.ts'
import {
  validateContainer,
  validateEphemeral,
  validateImageSpaces,
  validateOwnRestartPolicy,
} from './container-validation.ts'
import { validateLifecycle, validateProbes } from './handler-validation.ts'

/** All three lists of containers. */
export function validateContainerLists(
  spec: PodSpec,
  around: ContainerSurroundings,
  path: FieldPath,
): FieldError[] {
  return [
    ...validateContainers(spec, around, path.child('containers')),
    ...validateInitContainers(spec, around, path.child('initContainers')),
    ...validateEphemeralContainers(spec, around, path.child('ephemeralContainers')),
  ]
}

function validateContainers(
  spec: PodSpec,
  around: ContainerSurroundings,
  path: FieldPath,
): FieldError[] {
  const containers = spec.containers ?? []
  if (containers.length === 0) return [fieldRequired(path)]
  const names = new Set<string>()
  const errors = containers.flatMap((container, i) => {
    const at = path.index(i)
    const own = validateContainer(container, around, at)
    if (names.has(container.name)) own.push(fieldDuplicate(at.child('name'), container.name))
    names.add(container.name)
    const { lifecycle } = container
    if (lifecycle) own.push(...validateLifecycle(lifecycle, spec, at.child('lifecycle')))
    return [...own, ...validateProbes(container, at), ...validateOwnRestartPolicy(container, at)]
  })
  return [...errors, ...validateHostPorts(containers, path)]
}

function validateInitContainers(
  spec: PodSpec,
  around: ContainerSurroundings,
  path: FieldPath,
): FieldError[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name))
  return (spec.initContainers ?? []).flatMap((container, i) => {
    const at = path.index(i)
    const errors = [
      ...validateContainer(container, around, at),
      ...validateOwnRestartPolicy(container, at),
    ]
    if (names.has(container.name)) errors.push(fieldDuplicate(at.child('name'), container.name))
    else if (container.name !== '') names.add(container.name)
    errors.push(...validateHostPorts([container], path))
    if (isSidecar(container)) {
      if (container.lifecycle)
        errors.push(...validateLifecycle(container.lifecycle, spec, at.child('lifecycle')))
      return [...errors, ...validateProbes(container, at)]
    }
    return [...errors, ...validateNoSidecar(container, at)]
  })
}

/** What only makes sense for a container that runs on. */
function validateNoSidecar(container: Container, path: FieldPath): FieldError[] {
  const text = 'may not be set for init containers without restartPolicy=Always'
  const fields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
  const errors = fields
    .filter((field) => container[field] !== undefined)
    .map((field) => fieldForbidden(path.child(field), text))
  for (const [i, { restartPolicy }] of (container.resizePolicy ?? []).entries())
    if (restartPolicy === 'RestartContainer') {
      const at = path.child('resizePolicy').index(i).child('restartPolicy')
      const complaint = "must not be set to 'RestartContainer' for non-sidecar initContainers"
      errors.push(fieldInvalid(at, restartPolicy, complaint))
    }
  return errors
}

function validateEphemeralContainers(
  spec: PodSpec,
  around: ContainerSurroundings,
  path: FieldPath,
): FieldError[] {
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.name)
  const names = new Set(others)
  return (spec.ephemeralContainers ?? []).flatMap((container: EphemeralContainer, i) => {
    const at = path.index(i)
    const errors = validateContainer(container, around, at)
    errors.push(...validateImageSpaces(container, at))
    if (names.has(container.name)) errors.push(fieldDuplicate(at.child('name'), container.name))
    names.add(container.name)
    return [...errors, ...validateEphemeral(container, others, at)]
  })
}

/** A port of the host serves one container. */
function validateHostPorts(containers: readonly Container[], path: FieldPath): FieldError[] {
  const seen = new Set<string>()
  return containers.flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ protocol = '', hostIP = '', hostPort }, j) => {
      if (!hostPort) return []
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (!seen.has(key)) {
        seen.add(key)
        return []
      }
      return [fieldDuplicate(path.index(i).child('ports').index(j).child('hostPort'), key)]
    }),
  )
}
