/** One requirement of a label selector. `=` and `!=` have one value, `gt` and `lt` one that is an integer. */
export interface Requirement {
  readonly key: string
  readonly operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'
  readonly values: readonly string[]
}

/** A selector that cannot be read. */
export class SelectorError extends Error {
  override name = 'SelectorError'
}
