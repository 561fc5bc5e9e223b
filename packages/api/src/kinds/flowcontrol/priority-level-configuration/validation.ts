import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { rangeComplaint } from '../../../validation/name-rules.ts'
import { checked, oneOf } from '../../rules/checked.ts'
import { validateFlowStatus } from '../condition-validation.ts'
import { mandatoryPriorityLevels } from '../mandatory.ts'

/** Left from v1beta3; forbidden in v1. */
const zeroSharesAnnotation = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares'
const queuesMax = 10_000_000
/** shufflesharding.MaxHashBits: more are not dealt evenly. */
const hashBitsMax = 60

export function validatePriorityLevel(object: PriorityLevelConfiguration): FieldError[] {
  const { metadata, spec } = object
  const path = fieldPath('spec')
  const text = `annotation '${zeroSharesAnnotation}' is forbidden`
  return [
    ...(metadata.annotations && zeroSharesAnnotation in metadata.annotations
      ? [fieldForbidden(fieldPath('metadata', 'annotations'), text)]
      : []),
    ...validateSpec(metadata.name, spec, path),
    ...validateFixed(metadata.name, spec, path),
    ...validateFlowStatus(object),
  ]
}

function validateFixed(
  name: string,
  spec: PriorityLevelConfigurationSpec,
  path: FieldPath,
): FieldError[] {
  const fixed = mandatoryPriorityLevels[name]
  if (!fixed) return []
  const { exempt: _exempt, ...others } = spec
  const compared = fixed.exempt ? { ...others, exempt: fixed.exempt } : spec
  if (deepEqual(fixed, compared)) return []
  const except = fixed.exempt ? " except the 'spec.exempt' field" : ''
  return [fieldInvalid(path, shown(spec), `spec of '${name}'${except} must equal the fixed value`)]
}

function validateSpec(
  name: string,
  spec: PriorityLevelConfigurationSpec,
  path: FieldPath,
): FieldError[] {
  const { type, exempt, limited } = spec
  const onlyExempt = "must be 'Exempt' if and only if `name` is 'exempt'"
  const errors =
    (name === 'exempt') === (type === 'Exempt')
      ? []
      : [fieldInvalid(path.child('type'), type, onlyExempt)]
  switch (type) {
    case 'Exempt':
      return [
        ...errors,
        ...forbidden(limited, path.child('limited'), 'must be nil if the type is not Limited'),
        ...(exempt ? validateShares(exempt, path.child('exempt')) : []),
      ]
    case 'Limited':
      return [
        ...errors,
        ...forbidden(exempt, path.child('exempt'), 'must be nil if the type is Limited'),
        ...(limited
          ? validateLimited(limited, path.child('limited'))
          : [fieldRequired(path.child('limited'), 'must not be empty when type is Limited')]),
      ]
    default:
      return [...errors, ...oneOf(path.child('type'), type, ['Exempt', 'Limited'])]
  }
}

function forbidden(value: unknown, path: FieldPath, text: string): FieldError[] {
  return value === undefined ? [] : [fieldForbidden(path, text)]
}

interface Shares {
  readonly nominalConcurrencyShares?: number
  readonly lendablePercent?: number
}

function validateShares(level: Shares, path: FieldPath): FieldError[] {
  return [...validateNominal(level, path), ...validateLendable(level, path)]
}

function validateNominal({ nominalConcurrencyShares = 0 }: Shares, path: FieldPath): FieldError[] {
  return checked(path.child('nominalConcurrencyShares'), nominalConcurrencyShares, (value) =>
    value < 0 ? ['must be a non-negative integer'] : [],
  )
}

function validateLendable({ lendablePercent = 0 }: Shares, path: FieldPath): FieldError[] {
  return checked(path.child('lendablePercent'), lendablePercent, (value) =>
    value < 0 || value > 100 ? [rangeComplaint(0, 100)] : [],
  )
}

function validateLimited(
  limited: LimitedPriorityLevelConfiguration,
  path: FieldPath,
): FieldError[] {
  const { limitResponse = { type: '' }, borrowingLimitPercent = 0 } = limited
  return [
    ...validateNominal(limited, path),
    ...validateResponse(limitResponse, path.child('limitResponse')),
    ...validateLendable(limited, path),
    ...checked(path.child('borrowingLimitPercent'), borrowingLimitPercent, (value) =>
      value < 0 ? ['if specified, must be a non-negative integer'] : [],
    ),
  ]
}

function validateResponse({ type, queuing }: LimitResponse, path: FieldPath): FieldError[] {
  const at = path.child('queuing')
  switch (type) {
    case 'Reject':
      return forbidden(queuing, at, 'must be nil if limited.limitResponse.type is not Limited')
    case 'Queue':
      if (queuing) return validateQueuing(queuing, at)
      return [fieldRequired(at, 'must not be empty if limited.limitResponse.type is Limited')]
    default:
      return oneOf(path.child('type'), type, ['Queue', 'Reject'])
  }
}

function validateQueuing(queuing: QueuingConfiguration, path: FieldPath): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing
  const positive = (value: number): string[] => (value > 0 ? [] : ['must be positive'])
  const tooMany = queues > queuesMax ? [`must not be greater than ${queuesMax}`] : []
  return [
    ...checked(path.child('queueLengthLimit'), queueLengthLimit, positive),
    ...checked(path.child('queues'), queues, (value) => [...positive(value), ...tooMany]),
    ...checked(path.child('handSize'), handSize, (value) => [
      ...positive(value),
      ...(value > 0 ? handComplaints(queues, value) : []),
    ]),
  ]
}

function handComplaints(queues: number, handSize: number): string[] {
  if (handSize > queues) return [`should not be greater than queues (${queues})`]
  // shufflesharding.RequiredEntropyBits
  const bits = Math.ceil(Math.log2(queues) * handSize)
  if (bits <= hashBitsMax) return []
  const what = `deckSize ${queues} and handSize ${handSize}`
  return [`required entropy bits of ${what} should not be greater than ${hashBitsMax}`]
}

/** Messages show the server's own type. */
function shown({ type, limited, exempt }: PriorityLevelConfigurationSpec): unknown {
  const { type: response = '', queuing } = limited?.limitResponse ?? {}
  return {
    Type: type,
    Limited: limited
      ? {
          NominalConcurrencyShares: limited.nominalConcurrencyShares ?? 0,
          LimitResponse: {
            Type: response,
            Queuing: queuing
              ? {
                  Queues: queuing.queues ?? 0,
                  HandSize: queuing.handSize ?? 0,
                  QueueLengthLimit: queuing.queueLengthLimit ?? 0,
                }
              : null,
          },
          LendablePercent: limited.lendablePercent ?? null,
          BorrowingLimitPercent: limited.borrowingLimitPercent ?? null,
        }
      : null,
    Exempt: exempt
      ? {
          NominalConcurrencyShares: exempt.nominalConcurrencyShares ?? null,
          LendablePercent: exempt.lendablePercent ?? null,
        }
      : null,
  }
}
