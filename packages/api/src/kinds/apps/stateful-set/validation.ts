import type {
  LabelSelector,
  PodTemplateSpec,
  StatefulSet,
  StatefulSetSpec,
} from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Label } from '../../../validation/name-rules.ts'
import { validateClaimSpec } from '../../core/persistent-volume-claim/claim-spec.ts'
import {
  isEmptySelector,
  isReadableSelector,
  validateSelector,
  validateSelectorMatches,
  validateServingRules,
  validateTemplate,
} from '../../pod-spec/template-validation.ts'
import { checkedIfSet, nonNegative } from '../../rules/checked.ts'
import { validateCollisionCount, validateCounts } from '../workload-validation.ts'

const path = fieldPath('spec')

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  return validateSpec(spec, {})
}

interface Leniency {
  /** Names of services and templates of claims cannot be changed, so an update is not blamed for them. */
  readonly fixedFields?: boolean
  /** Nor for a template that is as bad as the old one. */
  readonly template?: boolean
}

function validateSpec(spec: StatefulSetSpec, passes: Leniency): FieldError[] {
  const claimsPath = path.child('volumeClaimTemplates')
  return [
    ...validatePodManagement(spec),
    ...validateUpdateStrategy(spec),
    ...validateRetention(spec),
    ...(passes.fixedFields
      ? []
      : (spec.volumeClaimTemplates ?? []).flatMap((claim, i) =>
          validateClaimSpec(claim.spec, claimsPath.index(i).child('spec')),
        )),
    ...nonNegative(path, spec, ['replicas', 'minReadySeconds']),
    ...nonNegative(path.child('ordinals'), spec.ordinals ?? {}, ['start']),
    ...(passes.fixedFields
      ? []
      : checkedIfSet(path.child('serviceName'), spec.serviceName, checkDns1123Label)),
    ...validateSelector(spec.selector, 'statefulset', path.child('selector')),
    ...validateSelected(spec, passes),
    ...validateServingRules(spec.template.spec, 'StatefulSet', path.child('template', 'spec')),
  ]
}

function validatePodManagement({ podManagementPolicy: policy }: StatefulSetSpec): FieldError[] {
  const at = path.child('podManagementPolicy')
  if (!policy) return [fieldRequired(at)]
  if (policy === 'OrderedReady' || policy === 'Parallel') return []
  return [fieldInvalid(at, policy, "must be 'OrderedReady' or 'Parallel'")]
}

function validateUpdateStrategy({ updateStrategy = {} }: StatefulSetSpec): FieldError[] {
  const at = path.child('updateStrategy')
  const { type, rollingUpdate } = updateStrategy
  const shown = rollingUpdate
    ? {
        Partition: rollingUpdate.partition ?? 0,
        MaxUnavailable: rollingUpdate.maxUnavailable ?? null,
      }
    : null
  switch (type) {
    case undefined:
    case '':
      return [fieldRequired(at)]
    case 'OnDelete': {
      if (!rollingUpdate) return []
      const text = "only allowed for updateStrategy 'RollingUpdate'"
      return [fieldInvalid(at.child('rollingUpdate'), shown, text)]
    }
    case 'RollingUpdate':
      return nonNegative(at.child('rollingUpdate'), rollingUpdate ?? {}, ['partition'])
    default: {
      const text = "must be 'RollingUpdate' or 'OnDelete'"
      return [fieldInvalid(at, { Type: type, RollingUpdate: shown }, text)]
    }
  }
}

function validateRetention({
  persistentVolumeClaimRetentionPolicy: policy,
}: StatefulSetSpec): FieldError[] {
  if (!policy) return []
  const at = path.child('persistentVolumeClaimRetentionPolicy')
  const allowed = ['Retain', 'Delete']
  return (['whenDeleted', 'whenScaled'] as const)
    .filter((field) => !allowed.includes(policy[field] ?? ''))
    .map((field) => fieldNotSupported(at.child(field), policy[field] ?? '', allowed))
}

function validateSelected(spec: StatefulSetSpec, passes: Leniency): FieldError[] {
  const { template } = spec
  const selector = spec.selector as LabelSelector | undefined
  if (!isReadableSelector(selector)) return [fieldInvalid(path.child('selector'), selector, '')]
  const at = path.child('template')
  return [
    ...(selector && isEmptySelector(selector)
      ? []
      : validateSelectorMatches(selector, template, at)),
    ...(passes.template ? [] : validateTemplate(asPodsGetIt(spec), at)),
  ]
}

/** Pods get host names from the set, and volumes from its claims in place of their template's of the same name. */
function asPodsGetIt({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  if (!template.spec) return template
  const { subdomain: _subdomain, hostname: _hostname, ...spec } = template.spec
  if (volumeClaimTemplates.length === 0) return { ...template, spec }
  const names = new Set(
    volumeClaimTemplates.map(({ metadata }) => (metadata.name as string | undefined) ?? ''),
  )
  const claimed = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  const own = (spec.volumes ?? []).filter(({ name }) => !names.has(name))
  return { ...template, spec: { ...spec, volumes: [...claimed, ...own] } }
}

const changeable = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
] as const

export function validateStatefulSetUpdate(object: StatefulSet, old: StatefulSet): FieldError[] {
  const template = validateSpec(old.spec, { fixedFields: true }).length > 0
  const errors = validateSpec(object.spec, { fixedFields: true, template })
  if (deepEqual(fixedPart(object.spec), fixedPart(old.spec))) return errors
  const first = "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit'"
  const last = "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
  const text = `updates to statefulset spec for fields other than ${first}, ${last} are forbidden`
  return [...errors, fieldForbidden(path, text)]
}

function fixedPart(spec: StatefulSetSpec): object {
  return Object.fromEntries(
    Object.entries(spec).filter(([field]) => !(changeable as readonly string[]).includes(field)),
  )
}

const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const
const counts = ['replicas', ...parts, 'observedGeneration', 'collisionCount']

export function validateStatefulSetStatus(object: StatefulSet, old: StatefulSet): FieldError[] {
  const at = fieldPath('status')
  const status = object.status ?? { replicas: 0 }
  const errors = validateCounts(status, counts, at)
  for (const part of parts) {
    const text = 'cannot be greater than status.replicas'
    const count = status[part] ?? 0
    if (count > status.replicas) errors.push(fieldInvalid(at.child(part), count, text))
  }
  const available = status.availableReplicas ?? 0
  if (available > (status.readyReplicas ?? 0)) {
    const text = 'cannot be greater than status.readyReplicas'
    errors.push(fieldInvalid(at.child('availableReplicas'), available, text))
  }
  return [
    ...errors,
    ...validateCollisionCount(status.collisionCount, old.status?.collisionCount, at),
  ]
}
