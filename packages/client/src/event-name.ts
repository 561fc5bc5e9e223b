import type { KubeObject, ObjectReference } from '@kemu/api'

/** As events name the object that they are about. */
export function referenceTo(object: KubeObject | ObjectReference): ObjectReference {
  if (!('metadata' in object)) return object
  return {
    kind: object.kind,
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    uid: object.metadata.uid,
    apiVersion: object.apiVersion,
    resourceVersion: object.metadata.resourceVersion,
  }
}

let lastNanos = 0n

/** `<object>.<hexadecimal nanoseconds>`, never twice the same from one process. */
export function eventName(object: string, atMs: number): string {
  const nanos = BigInt(Math.floor(atMs)) * 1_000_000n
  lastNanos = nanos > lastNanos ? nanos : lastNanos + 1n
  return `${object}.${lastNanos.toString(16)}`
}
