import type { Container, Job, JobSpec, PodTemplateSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Label } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { lacksPrefixedLabels, validateGeneratedSelector } from './selector.ts'
import { validateJobSpec } from './spec-validation.ts'
import { isJobConditionTrue } from './conditions.ts'

const path = fieldPath('spec')

export function validateJob(job: Job): FieldError[] {
  return validate(job, false)
}

function validate(job: Job, isOld: boolean): FieldError[] {
  return [
    ...validateGeneratedSelector(job, isOld),
    ...validateJobSpec(job.spec, path),
    ...validateHostNames(job),
  ]
}

/** Pods of an indexed job are called after it and their index. */
function validateHostNames({ metadata, spec }: Job): FieldError[] {
  const { completionMode, completions = 0 } = spec
  if (completionMode !== 'Indexed' || completions <= 0) return []
  const last = `${metadata.name}-${completions - 1}`
  if (checkDns1123Label(last).length === 0) return []
  const text = `will not able to create pod with invalid DNS label: ${last}`
  return [fieldInvalid(fieldPath('metadata', 'name'), metadata.name, text)]
}

const fixed = [
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const

export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const [now, before] = [job.spec, old.spec]
  const immutable = (field: keyof JobSpec): FieldError[] =>
    validateImmutable(now[field], before[field], path.child(field))
  return [
    ...validate(job, lacksPrefixedLabels(old)),
    ...validateCompletions(now, before),
    ...immutable('selector'),
    ...validateTemplateUpdate(job, old),
    ...fixed.flatMap((field) => immutable(field)),
  ]
}

/** An indexed job can grow and shrink, if it does all its work at once. */
function validateCompletions(now: JobSpec, before: JobSpec): FieldError[] {
  const at = path.child('completions')
  if (now.completionMode !== 'Indexed')
    return validateImmutable(now.completions, before.completions, at)
  const { completions } = now
  const isSame = completions === before.completions
  if (isSame || completions === undefined || completions === now.parallelism) return []
  const text = 'can only be modified in tandem with spec.parallelism'
  return [fieldInvalid(at, completions, text)]
}

/** What pods ask for and where they shall run may change while the job is suspended and nothing of it runs. */
function validateTemplateUpdate({ spec: { template } }: Job, old: Job): FieldError[] {
  const before = old.spec.template
  const at = path.child('template')
  if (!isAtRest(old)) return validateImmutable(template, before, at)
  const { spec } = withPlacementOf(before, template)
  const allowed = { ...spec! }
  for (const list of ['containers', 'initContainers'] as const) {
    const containers = withResourcesOf(spec![list], template.spec?.[list])
    if (containers) allowed[list] = containers
  }
  return validateImmutable(template.spec, allowed, at.child('spec'))
}

function withResourcesOf(
  old: readonly Container[] | undefined,
  now: readonly Container[] | undefined,
): Container[] | undefined {
  if (!old || old.length !== now?.length) return old && [...old]
  return old.map((container, i) => {
    const { resources: _old, ...others } = container
    const { name, resources } = now[i]!
    return name === container.name ? { ...others, ...(resources && { resources }) } : container
  })
}

function isAtRest({ spec, status }: Job): boolean {
  const isSuspended = isJobConditionTrue(status, 'Suspended')
  if (spec.suspend !== true || (status.active ?? 0) > 0) return false
  return status.startTime === undefined || isSuspended
}

function withPlacementOf(old: PodTemplateSpec, now: PodTemplateSpec): PodTemplateSpec {
  const [meta, spec] = [{ ...old.metadata }, { ...old.spec! }]
  const copy = <T extends object>(from: Partial<T>, to: T, field: keyof T): void => {
    if (from[field] === undefined) delete to[field]
    else to[field] = from[field]
  }
  const { nodeAffinity: _old, ...others } = spec.affinity ?? {}
  const nodeAffinity = now.spec?.affinity?.nodeAffinity
  const affinity = { ...others, ...(nodeAffinity && { nodeAffinity }) }
  if (now.spec?.affinity || Object.keys(affinity).length > 0) spec.affinity = affinity
  else delete spec.affinity
  for (const field of ['nodeSelector', 'tolerations', 'schedulingGates'] as const)
    copy(now.spec ?? {}, spec, field)
  for (const field of ['labels', 'annotations'] as const) copy(now.metadata ?? {}, meta, field)
  return { ...old, ...((old.metadata ?? now.metadata) && { metadata: meta }), spec }
}
