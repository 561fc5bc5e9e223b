import type {
  AuthenticationTokenRequest as TokenRequest,
  SelfSubjectReview,
  TokenReview,
} from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import { fieldPath } from '../../validation/field-path.ts'
import { defineKind } from '../definition/define-kind.ts'

const group = { group: 'authentication.k8s.io', version: 'v1', namespaced: false } as const

/** Who a token speaks for. */
export const tokenReview = defineKind<TokenReview>({
  type: { ...group, resource: 'tokenreviews', kind: 'TokenReview' },
  verbs: ['create'],
  storage: false,
})

/** Who the asker is. */
export const selfSubjectReview = defineKind<SelfSubjectReview>({
  type: { ...group, resource: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
  verbs: ['create'],
  storage: false,
})

/** Seconds; serviceaccount tokens live no shorter and are never asked for longer. */
const tokenAge = { min: 600, max: 2 ** 32, default: 3600 } as const

/** The body of serviceaccounts/token: no resource of its own, so it stands in no registry. */
export const tokenRequest = defineKind<TokenRequest>({
  type: { ...group, resource: 'tokenrequests', kind: 'TokenRequest' },
  verbs: ['create'],
  storage: false,
  strategy: {
    setDefaults({ spec }) {
      spec.expirationSeconds ??= tokenAge.default
    },
    validate: validateTokenRequest,
  },
})

function validateTokenRequest({ spec }: TokenRequest): FieldError[] {
  const seconds = spec.expirationSeconds ?? tokenAge.default
  const path = fieldPath('spec', 'expirationSeconds')
  if (seconds < tokenAge.min)
    return [fieldInvalid(path, seconds, 'may not specify a duration less than 10 minutes')]
  if (seconds > tokenAge.max)
    return [fieldInvalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')]
  return []
}
