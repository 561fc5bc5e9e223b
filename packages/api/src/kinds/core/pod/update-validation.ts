import type { Container, Pod, PodSpec, Toleration } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { rangeComplaint } from '../../../validation/name-rules.ts'
import { validateAnnotationUpdates } from '../../pod-spec/annotation-validation.ts'
import { validateTolerations } from '../../pod-spec/toleration-validation.ts'
import { specDifference } from '../../rules/spec-difference.ts'
import { validateGatedUpdate } from './gated-update.ts'
import { annotationsPath, validatePodWhole } from './validation.ts'

const specPath = fieldPath('spec')
const maxInt32 = 2_147_483_647

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

/** Rules of a changed pod: little of it may change (ValidatePodUpdate). */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = [
    ...validatePodWhole(pod),
    ...validateAnnotationUpdates(
      pod.metadata.annotations,
      old.metadata.annotations,
      annotationsPath,
    ),
  ]
  for (const list of ['containers', 'initContainers'] as const) {
    const own = validateContainerUpdates(pod.spec[list], old.spec[list], specPath.child(list))
    errors.push(...own.errors)
    if (own.stop) return errors
  }
  const deadline = validateDeadline(pod.spec, old.spec)
  errors.push(...deadline.errors)
  if (deadline.stop) return errors
  return [
    ...errors,
    ...validateAddedTolerations(pod.spec.tolerations ?? [], old.spec.tolerations ?? []),
    ...validateDeletedGates(pod.spec, old.spec),
    ...validateUnchanged(pod.spec, old.spec),
  ]
}

interface Outcome {
  readonly errors: FieldError[]
  /** Nothing more can be said. */
  readonly stop: boolean
}

function validateContainerUpdates(
  containers: readonly Container[] = [],
  old: readonly Container[] = [],
  path: FieldPath,
): Outcome {
  if (containers.length !== old.length) {
    const text = 'pod updates may not add or remove containers'
    return { errors: [fieldForbidden(path, text)], stop: true }
  }
  const errors = containers.flatMap(({ image = '' }, i) => {
    const at = path.index(i).child('image')
    if (image === '') return [fieldRequired(at)]
    if (image.trim() === image) return []
    return [fieldInvalid(at, image, 'must not have leading or trailing whitespace')]
  })
  return { errors, stop: false }
}

function validateDeadline(spec: PodSpec, old: PodSpec): Outcome {
  const path = specPath.child('activeDeadlineSeconds')
  const { activeDeadlineSeconds: now } = spec
  const { activeDeadlineSeconds: before } = old
  if (now === undefined) {
    if (before === undefined) return { errors: [], stop: false }
    const text = 'must not update from a positive integer to nil value'
    return { errors: [fieldInvalid(path, null, text)], stop: false }
  }
  if (now < 0 || now > maxInt32)
    return { errors: [fieldInvalid(path, now, rangeComplaint(0, maxInt32))], stop: true }
  if (before === undefined || before >= now) return { errors: [], stop: false }
  const text = 'must be less than or equal to previous value'
  return { errors: [fieldInvalid(path, now, text)], stop: true }
}

function validateAddedTolerations(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
): FieldError[] {
  const path = specPath.child('tolerations')
  const same = (a: Toleration, b: Toleration): boolean =>
    deepEqual({ ...a, tolerationSeconds: 0 }, { ...b, tolerationSeconds: 0 })
  if (old.every((before) => tolerations.some((now) => same(before, now))))
    return validateTolerations(tolerations, path)
  const text = 'existing toleration can not be modified except its tolerationSeconds'
  return [fieldForbidden(path, text)]
}

function validateDeletedGates(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = (old.schedulingGates ?? []).map(({ name }) => name)
  return (spec.schedulingGates ?? []).flatMap(({ name }, i) => {
    if (before.includes(name)) return []
    const text = `only deletion is allowed, but found new scheduling gate '${name}'`
    return [fieldForbidden(specPath.child('schedulingGates').index(i).child('name'), text)]
  })
}

function validateUnchanged(spec: PodSpec, old: PodSpec): FieldError[] {
  if (deepEqual(spec, old)) return []
  const gated = (old.schedulingGates ?? []).length > 0
  const { errors, spec: rest } = gated ? validateGatedUpdate(spec, old) : { errors: [], spec }
  const munged = withUpdatableFieldsOf(rest, old)
  if (deepEqual(munged, old)) return errors
  const text = `pod updates may not change fields other than ${updatable}\n${specDifference(old, munged)}`
  return [...errors, fieldForbidden(specPath, text)]
}

/** The new spec with the old values of what may change: any difference that is left is not allowed. */
function withUpdatableFieldsOf(spec: PodSpec, old: PodSpec): PodSpec {
  const munged: PodSpec = { ...spec, containers: withImages(spec.containers, old.containers) }
  if (spec.initContainers)
    munged.initContainers = withImages(spec.initContainers, old.initContainers ?? [])
  const keep = (field: 'activeDeadlineSeconds' | 'schedulingGates' | 'tolerations'): void => {
    delete munged[field]
    if (old[field] !== undefined) Object.assign(munged, { [field]: old[field] })
  }
  keep('activeDeadlineSeconds')
  keep('schedulingGates')
  keep('tolerations')
  const grace = old.terminationGracePeriodSeconds
  if (grace !== undefined && grace < 0 && munged.terminationGracePeriodSeconds === 1)
    munged.terminationGracePeriodSeconds = grace
  return munged
}

function withImages(containers: readonly Container[], old: readonly Container[]): Container[] {
  return containers.map((container, i) => {
    const munged = { ...container }
    delete munged.image
    const { image } = old[i]!
    return { ...munged, ...(image !== undefined && { image }) }
  })
}
