import { badRequest, invalid } from '@kemu/api'
import type {
  KubeObject,
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '@kemu/api'
import { decideAll } from '../authorization/authorizer.ts'
import type { AccessQuestion, Authorizer } from '../authorization/authorizer.ts'
import type { PolicyCache } from '../authorization/rbac/policy-cache.ts'
import type { ActionHandler } from '../registry/action-handler.ts'
import { decodeBody } from '../registry/body-decoder.ts'
import { methodNotAllowed } from '../registry/resource-handler.ts'
import { strategyContext } from '../registry/write-context.ts'
import type { WriteContext } from '../registry/write-context.ts'
import type { UserInfo } from '../request/user-info.ts'

/** Answers a review: a question that looks like an object and is stored nowhere. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it names the kind
export function reviewHandler<T extends KubeObject>(
  answer: (review: T, write: WriteContext) => Promise<void> | void,
): ActionHandler {
  return {
    async handle({ operation }, { definition }, _context, write) {
      if (operation.verb !== 'create') throw methodNotAllowed()
      const { body, options } = operation
      const review = await decodeBody(definition, body, options, write.warnings)
      const errors = definition.strategy.validate(review, strategyContext(write))
      // Upstream's internal object has no kind when it is asked for one.
      if (errors.length > 0) throw invalid(definition.type.group, '', '', errors)
      await answer(review as T, write)
      return { form: 'object', code: 201, object: review, entry: undefined }
    },
  }
}

export function subjectAccessReviewHandler(authorizers: readonly Authorizer[]): ActionHandler {
  return reviewHandler<SubjectAccessReview>((review) => {
    const { user = '', uid = '', groups = [], extra = {}, ...attributes } = review.spec
    review.status = decide(authorizers, attributes, { name: user, uid, groups, extra })
  })
}

export function localSubjectAccessReviewHandler(authorizers: readonly Authorizer[]): ActionHandler {
  return reviewHandler<LocalSubjectAccessReview>((review, { path }) => {
    const { user = '', uid = '', groups = [], extra = {}, ...attributes } = review.spec
    const namespace = attributes.resourceAttributes?.namespace ?? ''
    if (namespace !== path.namespace) {
      throw badRequest(
        `spec.resourceAttributes.namespace must match namespace: ${namespace} != ${path.namespace}`,
      )
    }
    review.status = decide(authorizers, attributes, { name: user, uid, groups, extra })
  })
}

export function selfSubjectAccessReviewHandler(authorizers: readonly Authorizer[]): ActionHandler {
  return reviewHandler<SelfSubjectAccessReview>((review, { user }) => {
    review.status = decide(authorizers, review.spec, user)
  })
}

/** What the asker may do in a namespace, as far as roles say it. */
export function selfSubjectRulesReviewHandler(policy: PolicyCache): ActionHandler {
  return reviewHandler<SelfSubjectRulesReview>((review, { user }) => {
    const namespace = review.spec.namespace ?? ''
    if (namespace === '') throw badRequest('no namespace on request')
    const rules = [...policy.grantsOf(user, namespace)].flatMap(
      (grant) => policy.rulesOf(grant) ?? [],
    )
    review.spec = {}
    review.status = {
      resourceRules: rules
        .filter(({ resources }) => resources)
        .map(({ verbs, apiGroups = [], resources = [], resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...(resourceNames && { resourceNames }),
        })),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => nonResourceURLs)
        .map(({ verbs, nonResourceURLs = [] }) => ({ verbs, nonResourceURLs })),
      incomplete: false,
    }
  })
}

interface Attributes {
  readonly resourceAttributes?: ResourceAttributes
  readonly nonResourceAttributes?: NonResourceAttributes
}

function decide(
  authorizers: readonly Authorizer[],
  attributes: Attributes,
  user: UserInfo,
): { allowed: boolean; denied?: boolean; reason?: string } {
  const { decision, reason } = decideAll(authorizers, questionOf(attributes, user))
  return {
    allowed: decision === 'allow',
    ...(decision === 'deny' && { denied: true }),
    ...(reason !== '' && { reason }),
  }
}

function questionOf(
  { resourceAttributes: resource, nonResourceAttributes: plain }: Attributes,
  user: UserInfo,
): AccessQuestion {
  if (!resource) return { type: 'plain', user, verb: plain?.verb ?? '', path: plain?.path ?? '' }
  return {
    type: 'resource',
    user,
    verb: resource.verb ?? '',
    path: {
      group: resource.group ?? '',
      version: resource.version ?? '*',
      resource: resource.resource ?? '',
      subresource: resource.subresource ?? '',
      namespace: resource.namespace ?? '',
      name: resource.name ?? '',
    },
    fieldSelector: selectorText(resource),
  }
}

function selectorText({ fieldSelector }: ResourceAttributes): string {
  if (fieldSelector?.rawSelector) return fieldSelector.rawSelector
  return (fieldSelector?.requirements ?? [])
    .filter(({ operator, values }) => operator === 'In' && values?.length === 1)
    .map(({ key, values }) => `${key}=${values![0]}`)
    .join(',')
}
