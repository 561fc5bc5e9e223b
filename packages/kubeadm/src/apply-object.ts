import { apiVersionOf, isAlreadyExists, isNotFound } from '@kemu/api'
import type { Draft, KubeObject, ResourceType } from '@kemu/api'
import type { Client } from '@kemu/client'

/** An object to be put into the cluster, with the resource it belongs to. */
export interface Applied<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>
  readonly object: Draft<T>
}

/** An object without what its resource says of it already. */
export type Body<T extends KubeObject> = Omit<Draft<T>, 'apiVersion' | 'kind'>

export function applied<T extends KubeObject>(type: ResourceType<T>, body: Body<T>): Applied {
  const object = { apiVersion: apiVersionOf(type), kind: type.kind, ...body }
  return { type, object }
}

/** Creates the objects; what stands already is left as it is, because a person may have changed it. */
export async function createMissing(client: Client, objects: readonly Applied[]): Promise<void> {
  await Promise.all(
    objects.map(async ({ type, object }) => {
      try {
        await client.resource(type, object.metadata?.namespace).create(object)
      } catch (error) {
        if (!isAlreadyExists(error)) throw error
      }
    }),
  )
}

/** Creates the objects, or makes the fields that are given here what they are here. */
export async function enforce(client: Client, objects: readonly Applied[]): Promise<void> {
  await Promise.all(
    objects.map(async ({ type, object }) => {
      const resource = client.resource(type, object.metadata?.namespace)
      try {
        await resource.patch(object.metadata.name!, 'merge', object)
      } catch (error) {
        if (!isNotFound(error)) throw error
        await resource.create(object)
      }
    }),
  )
}

/** With what `kubectl apply` remembers, so that applying a changed manifest later finds what it changes. */
export function asApplied(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations } }
  const last = `${JSON.stringify({ ...object, metadata })}\n`
  const annotations = {
    ...metadata.annotations,
    'kubectl.kubernetes.io/last-applied-configuration': last,
  }
  return { ...object, metadata: { ...metadata, annotations } }
}
