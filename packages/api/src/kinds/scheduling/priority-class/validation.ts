import type { PriorityClass } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validatePreemptionPolicy } from '../../pod-spec/preemption-policy.ts'

/** scheduling.HighestUserDefinablePriority */
const highestUserPriority = 1_000_000_000
const systemPrefix = 'system-'

/** The two classes that every cluster has (scheduling/v1 SystemPriorityClasses). */
const systemClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

export function validatePriorityClass(object: PriorityClass): FieldError[] {
  return [
    ...validateValue(object),
    ...validatePreemptionPolicy(object.preemptionPolicy, fieldPath('preemptionPolicy')),
  ]
}

function validateValue({ metadata, value = 0, globalDefault }: PriorityClass): FieldError[] {
  // A body without a name comes here too; the metadata's own rules refuse it.
  const name = (metadata.name as string | undefined) ?? ''
  if (name.startsWith(systemPrefix)) {
    const complaint = systemComplaint(name, value, globalDefault ?? false)
    if (complaint === undefined) return []
    const text = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${complaint}`
    return [fieldForbidden(fieldPath('metadata', 'name'), text)]
  }
  if (value <= highestUserPriority) return []
  const text = `maximum allowed value of a user defined priority is ${highestUserPriority}`
  return [fieldForbidden(fieldPath('value'), text)]
}

function systemComplaint(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = systemClasses[name]
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

export function validatePriorityClassUpdate(
  object: PriorityClass,
  old: PriorityClass,
): FieldError[] {
  const value =
    (object.value ?? 0) === (old.value ?? 0)
      ? []
      : [fieldForbidden(fieldPath('value'), 'may not be changed in an update.')]
  return [
    ...value,
    ...validateImmutable(
      object.preemptionPolicy,
      old.preemptionPolicy,
      fieldPath('preemptionPolicy'),
    ),
  ]
}
