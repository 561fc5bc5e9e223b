import type { PodInfo } from '../cache/pod-info.ts'
import type { Snapshot } from '../cache/snapshot.ts'
import type { Diagnosis } from './fit-error.ts'
import type { NodeFilter, PostFilterResult } from './interface.ts'
import { prepareFilters } from './profile.ts'
import type { Profile } from './profile.ts'

/**
 * After a pod found no node: the first plugin with a plan; else the last one's words. A no to all nodes at once came
 * before upstream's dynamic resources prepared themselves, which is what they then say; nobody is preempted.
 */
export function runPostFilters(
  profile: Profile,
  pod: PodInfo,
  snapshot: Snapshot,
  { rejections, nodeCount, preFilter }: Diagnosis,
): PostFilterResult | undefined {
  if (nodeCount === 0) return undefined
  if (preFilter) return { message: 'not found' }
  const prepare = (): readonly NodeFilter[] | undefined => {
    const prepared = prepareFilters(profile, pod, snapshot)
    return prepared.kind === 'filters' ? prepared.filters : undefined
  }
  let last: PostFilterResult | undefined
  for (const plugin of profile.postFilters) {
    last = plugin.postFilter({ pod, snapshot, rejections, prepareFilters: prepare })
    if (last.plan) return last
  }
  return last
}
