import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../../generated/types.ts'
import { formatTime } from '../../../time.ts'
import { keepSpec, keepStatus } from '../../definition/status-subresource.ts'
import type { RequestContext, Strategy, SubresourceDefinition } from '../../kind-definition.ts'
import { validateRequest, validateRequestUpdate } from './validation.ts'

type Csr = CertificateSigningRequest

/** registry/certificates csrStrategy: who asks is what the server knows, not what the object says. */
export const certificateSigningRequestStrategy: Partial<Strategy<Csr>> = {
  nameRule: () => [],
  prepareForCreate(object, { user }) {
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...asked } = object.spec
    object.spec = {
      ...asked,
      ...(user.name && { username: user.name }),
      ...(user.uid && { uid: user.uid }),
      ...(user.groups.length > 0 && { groups: [...user.groups] }),
      ...(user.extra && Object.keys(user.extra).length > 0 && { extra: copyExtra(user.extra) }),
    }
    object.status = {}
  },
  prepareForUpdate(object, old) {
    keepSpec(object, old)
    keepStatus(object, old)
  },
  validate: (object) => validateRequest(object, undefined),
  validateUpdate: (object, old) => validateRequestUpdate(object, old, 'whole'),
}

function copyExtra(extra: NonNullable<RequestContext['user']['extra']>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]))
}

export const certificateSigningRequestSubresources: readonly SubresourceDefinition<Csr>[] = [
  {
    name: 'status',
    form: 'status',
    prepareForUpdate(object, old, context) {
      keepSpec(object, old)
      for (const type of ['Approved', 'Denied']) keepConditions(object, old, type)
      setConditionTimes(object, old, context)
    },
    validateUpdate: (object, old) => validateRequestUpdate(object, old, 'status'),
  },
  {
    name: 'approval',
    form: 'part',
    verbs: ['get', 'patch', 'update'],
    prepareForUpdate(object, old, context) {
      setConditionTimes(object, old, context)
      const conditions = object.status?.conditions
      keepSpec(object, old)
      object.status = { ...old.status }
      if (conditions) object.status.conditions = conditions
      else delete object.status.conditions
    },
    validateUpdate: (object, old) => validateRequestUpdate(object, old, 'approval'),
  },
]

type Conditions = CertificateSigningRequestCondition[]

function conditionsOf({ status }: Csr): Conditions {
  return status?.conditions ?? []
}

/** Who writes the status does not touch the decision, as long as none of it is added or taken away. */
function keepConditions(object: Csr, old: Csr, type: string): void {
  const kept = conditionsOf(old).filter((condition) => condition.type === type)
  const conditions = conditionsOf(object)
  if (conditions.filter((condition) => condition.type === type).length !== kept.length) return
  if (kept.length === 0) return
  object.status.conditions = conditions.map((condition) =>
    condition.type === type ? kept.shift()! : condition,
  )
}

/** Times that a writer left out are now, or those of the same condition before. */
function setConditionTimes(object: Csr, old: Csr, { nowMs }: RequestContext): void {
  const now = formatTime(nowMs)
  if (!object.status?.conditions) return
  object.status.conditions = object.status.conditions.map((condition) => {
    const before = conditionsOf(old).find(
      ({ type, status, lastTransitionTime }) =>
        type === condition.type && status === condition.status && lastTransitionTime,
    )
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime || now,
      lastTransitionTime: condition.lastTransitionTime || before?.lastTransitionTime || now,
    }
  })
}
