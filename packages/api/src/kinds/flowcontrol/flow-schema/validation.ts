import type {
  FlowSchema,
  FlowSchemaSpec,
  PolicyRulesWithSubjects,
} from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Subdomain } from '../../../validation/name-rules.ts'
import { checked } from '../../rules/checked.ts'
import { validateFlowStatus } from '../condition-validation.ts'
import { mandatoryFlowSchemas } from '../mandatory.ts'
import { validateNonResourceRule, validateResourceRule } from './rule-validation.ts'
import { shownFlowSchemaSpec } from './shown-spec.ts'
import { validateSubject } from './subject-validation.ts'

const precedenceMax = 10_000

export function validateFlowSchema(object: FlowSchema): FieldError[] {
  const { metadata, spec } = object
  const path = fieldPath('spec')
  const fixed = mandatoryFlowSchemas[metadata.name]
  const text = `spec of '${metadata.name}' must equal the fixed value`
  return [
    ...validateSpec(metadata.name, spec, path),
    ...(fixed && !deepEqual(fixed, spec)
      ? [fieldInvalid(path, shownFlowSchemaSpec(spec), text)]
      : []),
    ...validateFlowStatus(object),
  ]
}

function validateSpec(name: string, spec: FlowSchemaSpec, path: FieldPath): FieldError[] {
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration } = spec
  const precedence = path.child('matchingPrecedence')
  const method = path.child('distinguisherMethod', 'type')
  const level = path.child('priorityLevelConfiguration', 'name')
  return [
    ...checked(precedence, matchingPrecedence, (value) => precedenceComplaints(name, value)),
    ...(distinguisherMethod && !['ByNamespace', 'ByUser'].includes(distinguisherMethod.type)
      ? [fieldNotSupported(method, { Type: distinguisherMethod.type }, ['ByNamespace', 'ByUser'])]
      : []),
    ...(priorityLevelConfiguration.name === ''
      ? [fieldRequired(level, 'must reference a priority level')]
      : checked(level, priorityLevelConfiguration.name, checkDns1123Subdomain)),
    ...(spec.rules ?? []).flatMap((rule, i) => validateRules(rule, path.child('rules').index(i))),
  ]
}

function precedenceComplaints(name: string, value: number): string[] {
  if (value <= 0) return ['must be a positive value']
  if (value > precedenceMax) return [`must not be greater than ${precedenceMax}`]
  if (value > 1 || name === 'exempt') return []
  return [`only the schema named 'exempt' may have matchingPrecedence 1`]
}

function validateRules(rules: PolicyRulesWithSubjects, path: FieldPath): FieldError[] {
  const { resourceRules = [], nonResourceRules = [] } = rules
  const subjects = rules.subjects ?? []
  const none = 'at least one of resourceRules and nonResourceRules has to be non-empty'
  return [
    ...(subjects.length === 0
      ? [fieldRequired(path.child('subjects'), 'subjects must contain at least one value')]
      : []),
    ...subjects.flatMap((subject, i) => validateSubject(subject, path.child('subjects').index(i))),
    ...(resourceRules.length + nonResourceRules.length === 0 ? [fieldRequired(path, none)] : []),
    ...resourceRules.flatMap((rule, i) =>
      validateResourceRule(rule, path.child('resourceRules').index(i)),
    ),
    ...nonResourceRules.flatMap((rule, i) =>
      validateNonResourceRule(rule, path.child('nonResourceRules').index(i)),
    ),
  ]
}
