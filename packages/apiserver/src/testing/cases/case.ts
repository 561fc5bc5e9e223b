import type { KubeObject } from '@kemu/api'
import type { ResourcePath, Transport, WatchEvent, WatchOptions } from '@kemu/client'
import type { Answer } from '../answer.ts'

/** Speaks as several users to one server. */
export interface CaseWorld {
  /** In system:masters. */
  readonly admin: Transport
  /** Has no rights of its own. */
  readonly nobody: Transport
  /** A namespace of the case's own. */
  readonly namespace: string
}

/**
 * One thing that a server does, as requests over a Transport. The same text runs over REST and gRPC
 * on ours, and over REST on a
 * real kube-apiserver, whose answers are kept in recordings/answers.json.
 */
export interface Case {
  readonly name: string
  run(world: CaseWorld): Promise<unknown>
}

const nowhere = { group: '', version: 'v1', resource: '', namespace: '', name: '', subresource: '' }

export function path(resource: string, more: Partial<ResourcePath> = {}): ResourcePath {
  return { ...nowhere, resource, ...more }
}

export function configMap(
  name: string,
  data: Record<string, string> = {},
  more: object = {},
): object {
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, ...more }, data }
}

export function pod(name: string, more: object = {}, metadata: object = {}): object {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name, ...metadata },
    spec: {
      containers: [{ name: 'c', image: 'pause' }],
      automountServiceAccountToken: false,
      // Nobody plays with it on the real server.
      schedulerName: 'none',
      ...more,
    },
  }
}

export function codeOf(answer: Answer): number | undefined {
  return 'refused' in answer ? answer.refused.code : undefined
}

/** Events of a watch until `enough` says so. */
export async function watchUntil(
  transport: Transport,
  where: ResourcePath,
  options: WatchOptions,
  enough: (events: readonly WatchEvent[]) => boolean,
): Promise<unknown> {
  const ending = new AbortController()
  const seen: WatchEvent[] = []
  try {
    for await (const batch of transport.watch(where, options, ending.signal)) {
      for (const event of batch) if (!enough(seen)) seen.push(event)
      if (enough(seen)) break
    }
  } finally {
    ending.abort()
  }
  return seen.map(({ type, object }) => ({
    type,
    name: object.metadata.name,
    data: (object as KubeObject & { data?: unknown }).data,
  }))
}
