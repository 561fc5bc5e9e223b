import type { LimitRange } from '../../../generated/types.ts'

/**
 * What containers get when they say nothing: the maximum for a limit, the default limit or else the
 * minimum for a request (SetDefaults_LimitRangeItem).
 */
export function setLimitDefaults({ spec }: LimitRange): void {
  for (const item of spec?.limits ?? []) {
    if (item.type !== 'Container') continue
    const limits = { ...item.max, ...item.default }
    const requests = { ...item.min, ...limits, ...item.defaultRequest }
    if (Object.keys(limits).length > 0) item.default = limits
    if (Object.keys(requests).length > 0) item.defaultRequest = requests
  }
}
