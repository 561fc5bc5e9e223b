import {
  controllerReference,
  controllerRevisions,
  deepEqual,
  isAlreadyExists,
  isNotFound,
} from '@kemu/api'
import type { ControllerRevision, KubeObject, PodTemplateSpec } from '@kemu/api'
import type { Client } from '@kemu/client'
import { sortedJson, templateHash } from './pod-template-hash.ts'

/** A workload whose templates are kept as ControllerRevisions. */
export interface RevisionOwner extends KubeObject {
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit?: number }
  readonly status: { readonly collisionCount?: number }
}

export interface RevisionHistory {
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
  set: RevisionOwner,
  revisions: readonly ControllerRevision[],
  hashLabel: string,
): Promise<RevisionHistory | HashCollision> {
  const data = revisionData(set)
  const same = revisions.filter((revision) => deepEqual(revision.data, data))
  const old = revisions.filter((revision) => !same.includes(revision))
  const next = old.reduce((most, { revision }) => Math.max(most, revision), 0) + 1
  const resource = client.resource(controllerRevisions, set.metadata.namespace)
  const [found, ...duplicates] = [...same].sort((a, b) => b.revision - a.revision)
  for (const { metadata } of duplicates) await resource.delete(metadata.name).catch(ignoreNotFound)
  if (!found) return createRevision(client, set, { data, revision: next, old, hashLabel })
  if (found.revision >= next) return { current: found, old }
  return { current: await resource.update({ ...found, revision: next }), old }
}

interface NewRevision {
  readonly data: unknown
  readonly revision: number
  readonly old: readonly ControllerRevision[]
  readonly hashLabel: string
}

async function createRevision(
  client: Client,
  set: RevisionOwner,
  { data, revision, old, hashLabel }: NewRevision,
): Promise<RevisionHistory | HashCollision> {
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
        labels: { ...set.spec.template.metadata?.labels, [hashLabel]: hash },
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
function revisionData(set: RevisionOwner): unknown {
  const template = { $patch: 'replace', ...set.spec.template }
  return JSON.parse(sortedJson({ spec: { template } })) as unknown
}

/** Old revisions beyond the limit that no pod runs. */
export function surplusRevisions(
  set: RevisionOwner,
  old: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean,
): ControllerRevision[] {
  const surplus = old.length - (set.spec.revisionHistoryLimit ?? 10)
  if (surplus <= 0) return []
  return [...old]
    .sort((a, b) => a.revision - b.revision)
    .filter((revision) => !isLive(revision))
    .slice(0, surplus)
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
