import {
  controllerReference,
  controllerRevisions,
  deepEqual,
  isAlreadyExists,
  isNotFound,
} from '@kemu/api'
import type { ControllerRevision, DaemonSet, Pod } from '@kemu/api'
import type { Client } from '@kemu/client'
import { sortedJson, templateHash } from '../pods/pod-template-hash.ts'
import { revisionHashLabel } from './daemon-pod.ts'

export interface DaemonHistory {
  readonly current: ControllerRevision
  readonly old: readonly ControllerRevision[]
}

/** A collision of hashes: the count in the set's status must grow before the next try. */
export interface HashCollision {
  readonly kind: 'collision'
}

/**
 * The ControllerRevision of the set's template, made or moved to the front when needed, and the older ones
 * (constructHistory). `rollout undo` reads them.
 */
export async function constructHistory(
  client: Client,
  set: DaemonSet,
  revisions: readonly ControllerRevision[],
): Promise<DaemonHistory | HashCollision> {
  const data = revisionData(set)
  const same = revisions.filter((revision) => deepEqual(revision.data, data))
  const old = revisions.filter((revision) => !same.includes(revision))
  const next = old.reduce((most, { revision }) => Math.max(most, revision), 0) + 1
  const resource = client.resource(controllerRevisions, set.metadata.namespace)
  const [found, ...duplicates] = [...same].sort((a, b) => b.revision - a.revision)
  for (const { metadata } of duplicates) await resource.delete(metadata.name).catch(ignoreNotFound)
  if (!found) return createRevision(client, set, data, next, old)
  if (found.revision >= next) return { current: found, old }
  return { current: await resource.update({ ...found, revision: next }), old }
}

async function createRevision(
  client: Client,
  set: DaemonSet,
  data: unknown,
  revision: number,
  old: readonly ControllerRevision[],
): Promise<DaemonHistory | HashCollision> {
  const { name: setName, namespace = '', annotations } = set.metadata
  const hash = templateHash(set.spec.template, set.status.collisionCount)
  const name = `${setName}-${hash}`
  const resource = client.resource(controllerRevisions, namespace)
  try {
    const current = await resource.create({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace,
        labels: { ...set.spec.template.metadata?.labels, [revisionHashLabel]: hash },
        ...(annotations && { annotations }),
        ownerReferences: [controllerReference(set)],
      },
      data,
      revision,
    })
    return { current, old }
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const other = await resource.get(name)
    return deepEqual(other.data, data) ? { current: other, old } : { kind: 'collision' }
  }
}

/**
 * What of the set a revision restores: its template, as a strategic patch. Its keys are sorted: clients compare the
 * bytes with what Go makes of the same set.
 */
function revisionData(set: DaemonSet): unknown {
  const template = { $patch: 'replace', ...set.spec.template }
  return JSON.parse(sortedJson({ spec: { template } })) as unknown
}

/** Old revisions beyond the limit that no pod runs. */
export function surplusRevisions(
  set: DaemonSet,
  old: readonly ControllerRevision[],
  pods: readonly Pod[],
): ControllerRevision[] {
  const surplus = old.length - (set.spec.revisionHistoryLimit ?? 10)
  if (surplus <= 0) return []
  const live = new Set(pods.map((pod) => pod.metadata.labels?.[revisionHashLabel]))
  return [...old]
    .sort((a, b) => a.revision - b.revision)
    .filter((revision) => !live.has(revision.metadata.labels?.[revisionHashLabel]))
    .slice(0, surplus)
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
