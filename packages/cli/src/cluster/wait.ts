import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { isExpired, namespaces, nodes, StatusError } from '@kemu/api'
import type { Deployment, KubeObject, Node, ResourceType } from '@kemu/api'
import { ConnectionError } from '@kemu/client'
import type { Client } from '@kemu/client'

/** Resolves when the API server answers, and says it is ready. */
export async function apiReady(client: Client, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await client.resource(namespaces).get('kube-system')
      return
    } catch {
      signal.throwIfAborted()
      await sleep(clock, 50)
    }
  }
}

/** kubeadm's ControlPlaneComponents and KubernetesAPICall timeouts are minutes, tried again after half a second. */
const insistMs = 60_000
const againMs = 500

/**
 * Work that may be done twice, repeated while the API server cannot be reached or fails for its own reasons: on a busy
 * machine a new server loses a connection now and then. What it refuses, it refuses at once.
 */
export async function insist<T>(
  clock: Clock,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const untilMs = clock.monotonicMs() + insistMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!isPassing(error) || clock.monotonicMs() >= untilMs) throw error
      await sleep(clock, againMs, signal)
      signal.throwIfAborted()
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof StatusError) return error.code >= 500 || error.code === 429
  return error instanceof ConnectionError
}

/** Follows a resource until its objects satisfy; gives them. */
export async function waitFor<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  namespace: string,
  satisfied: (objects: readonly T[]) => boolean,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const resource = client.resource(type, namespace)
  for (;;) {
    const list = await resource.list()
    const known = new Map(list.items.map((item) => [item.metadata.uid, item]))
    if (satisfied([...known.values()])) return [...known.values()]
    const ending = new AbortController()
    const combined = AbortSignal.any([signal, ending.signal])
    try {
      const options = { resourceVersion: list.metadata.resourceVersion }
      for await (const batch of resource.watch(options, combined)) {
        for (const event of batch) {
          if (event.type === 'BOOKMARK') continue
          if (event.type === 'DELETED') known.delete(event.object.metadata.uid)
          else known.set(event.object.metadata.uid, event.object)
        }
        if (satisfied([...known.values()])) return [...known.values()]
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!isExpired(error)) throw error
    } finally {
      ending.abort()
    }
    signal.throwIfAborted()
  }
}

export function isNodeReady(node: Node): boolean {
  return node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
}

/** Resolves when these nodes are there, Ready or not. */
export function nodesRegistered(
  client: Client,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly Node[]> {
  return nodesThat(client, names, () => true, signal)
}

/** Resolves when these nodes are Ready. */
export function nodesReady(
  client: Client,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly Node[]> {
  return nodesThat(client, names, isNodeReady, signal)
}

function nodesThat(
  client: Client,
  names: readonly string[],
  satisfy: (node: Node) => boolean,
  signal: AbortSignal,
): Promise<readonly Node[]> {
  const all = (known: readonly Node[]): boolean => {
    const found = new Set(known.filter(satisfy).map((node) => node.metadata.name))
    return names.every((name) => found.has(name))
  }
  return waitFor(client, nodes, '', all, signal)
}

/** As `kubectl rollout status` judges a Deployment. */
export function isRolledOut(deployment: Deployment): boolean {
  const { metadata, spec, status } = deployment
  const wanted = spec?.replicas ?? 1
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted
  )
}
