import type { Job } from '@kemu/api'
import { parseIndexes } from './completion-index.ts'
import type { Indexes } from './completion-index.ts'

/** The message of the first rule of `successPolicy` that the succeeded indexes meet (KEP-3998). */
export function metSuccessRule({ spec }: Job, succeeded: Indexes): string | undefined {
  if (!spec.successPolicy || succeeded.size === 0) return undefined
  const met = spec.successPolicy.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && succeeded.size >= succeededCount
    const wanted = parseIndexes(succeededIndexes, spec.completions ?? 0)
    if (wanted.size === 0) return false
    const there = [...wanted].filter((index) => succeeded.has(index)).length
    return there === wanted.size || (succeededCount !== undefined && there >= succeededCount)
  })
  return met < 0 ? undefined : `Matched rules at index ${met}`
}
