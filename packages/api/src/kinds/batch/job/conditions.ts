import type { JobStatus } from '../../../generated/types.ts'

export function isJobConditionTrue({ conditions }: JobStatus, type: string): boolean {
  return (conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  )
}
