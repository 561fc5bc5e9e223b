import { deepEqual } from '../../object.ts'
import type { KubeObject } from '../../object.ts'

/** A new object's spec is its first. */
export function startGeneration(object: KubeObject): void {
  object.metadata.generation = 1
}

/** The old number, one more when what it counts has changed; a writer's own number is ignored. */
export function advanceGeneration(object: KubeObject, old: KubeObject, changed: boolean): void {
  const generation = (old.metadata.generation ?? 0) + (changed ? 1 : 0)
  if (generation === 0) delete object.metadata.generation
  else object.metadata.generation = generation
}

/** Most kinds count changes of their spec. */
export function advanceWithSpec<T extends KubeObject & { spec: unknown }>(object: T, old: T): void {
  advanceGeneration(object, old, !deepEqual(object.spec, old.spec))
}
