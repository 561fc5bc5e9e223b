import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../generated/types.ts'
import type { ResourceType } from '../../resource-type.ts'
import type { KubeObject } from '../../object.ts'
import { defineKind } from '../definition/define-kind.ts'
import type { KindDefinition, Strategy } from '../kind-definition.ts'
import {
  validateLocalReview,
  validateRulesReview,
  validateSelfReview,
  validateSubjectReview,
} from './validation.ts'

/** May this subject do that? */
export const subjectAccessReview = review<SubjectAccessReview>(
  'subjectaccessreviews',
  'SubjectAccessReview',
  validateSubjectReview,
)

/** May I do that? */
export const selfSubjectAccessReview = review<SelfSubjectAccessReview>(
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
  validateSelfReview,
)

/** What may I do in that namespace? */
export const selfSubjectRulesReview = review<SelfSubjectRulesReview>(
  'selfsubjectrulesreviews',
  'SelfSubjectRulesReview',
  validateRulesReview,
)

/** May this subject do that in this namespace? */
export const localSubjectAccessReview = review<LocalSubjectAccessReview>(
  'localsubjectaccessreviews',
  'LocalSubjectAccessReview',
  validateLocalReview,
  true,
)

function review<T extends KubeObject>(
  resource: string,
  kind: string,
  validate: Strategy<T>['validate'],
  namespaced = false,
): KindDefinition<T> {
  const type: ResourceType<T> = {
    group: 'authorization.k8s.io',
    version: 'v1',
    resource,
    kind,
    namespaced,
  }
  return defineKind<T>({ type, verbs: ['create'], storage: false, strategy: { validate } })
}
