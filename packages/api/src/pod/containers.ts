import type { Container, EphemeralContainer, PodSpec } from '../generated/types.ts'

/** An init container that runs on beside the others (KEP-753). */
export function isSidecar(container: Pick<Container, 'restartPolicy'> | undefined): boolean {
  return container?.restartPolicy === 'Always'
}

/** Every container of the spec with the path to it: initContainers first, as upstream visits them. */
export function* containersOf(
  spec: Partial<PodSpec>,
): Generator<{ container: Container | EphemeralContainer; list: ContainerList; index: number }> {
  for (const list of containerLists) {
    for (const [index, container] of (spec[list] ?? []).entries()) yield { container, list, index }
  }
}

export type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers'
const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const
