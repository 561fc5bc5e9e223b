import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkQualifiedName } from '../../../validation/name-rules.ts'
import { immutableMessage } from '../../../validation/value-rules.ts'
import { validateResourceQuantity } from '../../resource-rules/values.ts'
import {
  isScope,
  isScopeOfResource,
  isStandardQuotaResource,
  scopesThatOnlyExist,
} from './scopes.ts'

/** core validation.ValidateResourceQuota */
export function validateQuota({ spec, status }: ResourceQuota): FieldError[] {
  return [
    ...validateSpec(spec ?? {}, fieldPath('spec')),
    ...validateAmounts(status?.hard, fieldPath('status', 'hard')),
    ...validateAmounts(status?.used, fieldPath('status', 'used')),
  ]
}

export function validateQuotaUpdate(object: ResourceQuota, old: ResourceQuota): FieldError[] {
  const errors = validateSpec(object.spec ?? {}, fieldPath('spec'))
  const [now, before] = [object, old].map(({ spec }) => new Set(spec?.scopes))
  if (now!.size !== before!.size || [...now!].some((scope) => !before!.has(scope)))
    errors.push(
      fieldInvalid(fieldPath('spec', 'scopes'), object.spec?.scopes ?? null, immutableMessage),
    )
  return errors
}

export function validateQuotaStatus({ status }: ResourceQuota): FieldError[] {
  return [
    ...validateAmounts(status?.hard, fieldPath('status', 'hard')),
    ...validateAmounts(status?.used, fieldPath('status', 'used')),
  ]
}

function validateSpec(spec: ResourceQuotaSpec, path: FieldPath): FieldError[] {
  return [
    ...validateAmounts(spec.hard, path.child('hard')),
    ...validateScopes(spec, path.child('scopes')),
    ...validateScopeSelector(spec, path.child('scopeSelector', 'matchExpressions')),
  ]
}

function validateAmounts(
  amounts: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => [
    ...validateName(name, path.key(name)),
    ...validateResourceQuantity(name, amount, path.key(name)),
  ])
}

/** ValidateResourceQuotaResourceName: a resource first, and one that quotas know. */
function validateName(name: string, path: FieldPath): FieldError[] {
  const errors = checkQualifiedName(name).map((why) => fieldInvalid(path, name, why))
  if (name.includes('/')) return errors
  const standard = 'must be a standard resource type or fully qualified'
  if (isStandardQuotaResource(name)) return errors
  return [
    ...errors,
    ...(name === 'storage' || errors.length > 0 ? [] : [fieldInvalid(path, name, standard)]),
    fieldInvalid(path, name, 'must be a standard resource for quota'),
  ]
}

function validateScopes(
  { scopes = [], hard = {} }: ResourceQuotaSpec,
  path: FieldPath,
): FieldError[] {
  const errors = scopes.flatMap((scope) => {
    const unknown = isScope(scope) ? [] : [fieldInvalid(path, scopes, 'unsupported scope')]
    return [...unknown, ...misfits(scope, hard, path, scopes)]
  })
  return [...errors, ...conflicts(new Set(scopes), path, scopes)]
}

function validateScopeSelector(spec: ResourceQuotaSpec, path: FieldPath): FieldError[] {
  const { scopeSelector, hard = {} } = spec
  const requirements = scopeSelector?.matchExpressions ?? []
  const errors = requirements.flatMap(({ scopeName, operator, values = [] }) => {
    const found: FieldError[] = []
    if (!isScope(scopeName))
      found.push(fieldInvalid(path.child('scopeName'), scopeName, 'unsupported scope'))
    found.push(...misfits(scopeName, hard, path, shownSelector(requirements)))
    if (scopesThatOnlyExist.has(scopeName) && operator !== 'Exists')
      found.push(fieldInvalid(path.child('operator'), operator, onlyExists))
    return [...found, ...validateOperator(operator, values, path)]
  })
  const names = new Set(requirements.map(({ scopeName }) => scopeName))
  return [...errors, ...conflicts(names, path, spec.scopes ?? null)]
}

function validateOperator(
  operator: string,
  values: readonly string[],
  path: FieldPath,
): FieldError[] {
  if (operator === 'In' || operator === 'NotIn') {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
    return values.length > 0 ? [] : [fieldRequired(path.child('values'), why)]
  }
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
    return values.length === 0 ? [] : [fieldInvalid(path.child('values'), values, why)]
  }
  return [fieldInvalid(path.child('operator'), operator, 'not a valid selector operator')]
}

/** Resources that are not counted within the scope. */
function misfits(
  scope: string,
  hard: Readonly<Record<string, string>>,
  path: FieldPath,
  shown: unknown,
): FieldError[] {
  return Object.keys(hard)
    .filter((name) => isStandardQuotaResource(name) && !isScopeOfResource(scope, name))
    .map(() => fieldInvalid(path, shown, 'unsupported scope applied to resource'))
}

/** As Go's own type is printed: it has no names for JSON. */
function shownSelector(requirements: readonly ScopedResourceSelectorRequirement[]): object {
  const shown = requirements.map(({ scopeName, operator, values }) => ({
    ScopeName: scopeName,
    Operator: operator,
    Values: values ?? null,
  }))
  return { MatchExpressions: shown }
}

function conflicts(scopes: ReadonlySet<string>, path: FieldPath, shown: unknown): FieldError[] {
  return [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ]
    .filter((pair) => pair.every((scope) => scopes.has(scope)))
    .map(() => fieldInvalid(path, shown, 'conflicting scopes'))
}

const onlyExists =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
  'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity'
