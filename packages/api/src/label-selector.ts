import type { LabelSelector } from './generated/types.ts'
import { parseRequirements } from './label-selector-parser.ts'
import type { Requirement } from './label-requirement.ts'

export type { Requirement } from './label-requirement.ts'
import { SelectorError } from './label-requirement.ts'

export { SelectorError }

type Labels = Readonly<Record<string, string>>

/** A parsed selector: all requirements must hold. No requirements select everything. */
export class Selector {
  static readonly everything = new Selector([])
  static readonly nothing = new Selector([], true)

  readonly requirements: readonly Requirement[]
  readonly #nothing: boolean

  constructor(requirements: readonly Requirement[], nothing = false) {
    this.requirements = requirements
    this.#nothing = nothing
  }

  get empty(): boolean {
    return this.requirements.length === 0 && !this.#nothing
  }

  matches(labels: Labels = {}): boolean {
    return !this.#nothing && this.requirements.every((requirement) => holds(requirement, labels))
  }

  /** The notation of `kubectl -l`. */
  toString(): string {
    return this.requirements.map(formatRequirement).join(',')
  }
}

/**
 * Of a map of labels, as in a Service or ReplicationController; an absent map selects everything: callers
 * look first.
 */
export function selectorOfMap(labels: Labels | undefined): Selector {
  return new Selector(requirementsOf(labels).sort(byKey))
}

/** Of a meta/v1 LabelSelector: absent selects nothing, empty selects everything. */
export function selectorOf(selector: LabelSelector | undefined | null): Selector {
  if (!selector) return Selector.nothing
  const byExpression = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }): Requirement => {
      switch (operator) {
        case 'In':
          return { key, operator: 'in', values: values ?? [] }
        case 'NotIn':
          return { key, operator: 'notin', values: values ?? [] }
        case 'Exists':
          return { key, operator: 'exists', values: [] }
        case 'DoesNotExist':
          return { key, operator: '!', values: [] }
        default:
          throw new SelectorError(`"${operator}" is not a valid label selector operator`)
      }
    },
  )
  return new Selector([...requirementsOf(selector.matchLabels), ...byExpression].sort(byKey))
}

/**
 * * Parses the notation of `kubectl -l`: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`,
 * joined by commas. Throws a SelectorError with upstream's words for what it cannot read.
 */
export function parseSelector(text: string): Selector {
  return new Selector(parseRequirements(text).sort(byKey))
}

function requirementsOf(labels: Labels | null | undefined): Requirement[] {
  return Object.entries(labels ?? {}).map(([key, value]) => ({
    key,
    operator: '=',
    values: [value],
  }))
}

function byKey(a: Requirement, b: Requirement): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
      return value !== undefined && /^[-+]?\d+$/.test(value) && BigInt(value) > BigInt(values[0]!)
    case 'lt':
      return value !== undefined && /^[-+]?\d+$/.test(value) && BigInt(value) < BigInt(values[0]!)
  }
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case '=':
    case '!=':
      return `${key}${operator}${values[0]}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'gt':
      return `${key}>${values[0]}`
    case 'lt':
      return `${key}<${values[0]}`
  }
}
