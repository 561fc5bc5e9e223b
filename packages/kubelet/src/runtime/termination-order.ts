import type { Pod } from '@kemu/api'
import { initContainersOf, isSidecar } from '../sync/pod-spec.ts'

/**
 * Who waits for whom when a pod with sidecars ends: a sidecar until every regular container and
 * every later sidecar is gone (KEP-753). Names that do not run are nobody to wait for.
 */
export function terminationOrder(
  pod: Pod,
  running: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const isRunning = (name: string): boolean => running.includes(name)
  const order = new Map<string, readonly string[]>()
  let earlier = pod.spec.containers.map(({ name }) => name).filter(isRunning)
  for (const container of [...initContainersOf(pod)].reverse()) {
    if (!isSidecar(container) || !isRunning(container.name)) continue
    order.set(container.name, earlier)
    earlier = [...earlier, container.name]
  }
  return order
}
