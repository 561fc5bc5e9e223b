import type { Container, ObjectMeta, Pod, PodCondition } from '../../../generated/types.ts'
import { advanceWithSpec } from '../../definition/generation.ts'
import { keepGeneration } from '../../definition/status-subresource.ts'
import type { ActionSubresource, SubresourceDefinition } from '../../kind-definition.ts'
import { validateEphemeralContainersUpdate, validatePodResize } from './part-validation.ts'
import { validatePodStatusUpdate } from './status-validation.ts'

export const podSubresources: readonly SubresourceDefinition<Pod>[] = [
  {
    name: 'status',
    form: 'status',
    prepareForUpdate: prepareStatus,
    validateUpdate: validatePodStatusUpdate,
  },
  {
    name: 'ephemeralcontainers',
    form: 'part',
    verbs: ['get', 'patch', 'update'],
    prepareForUpdate(pod, old) {
      const { ephemeralContainers } = pod.spec
      keepAllButSpec(pod, old)
      pod.spec = { ...old.spec, ...(ephemeralContainers && { ephemeralContainers }) }
      if (!ephemeralContainers) delete pod.spec.ephemeralContainers
      advanceWithSpec(pod, old)
    },
    validateUpdate: validateEphemeralContainersUpdate,
  },
  {
    name: 'resize',
    form: 'part',
    verbs: ['get', 'patch', 'update'],
    prepareForUpdate: prepareResize,
    validateUpdate: validatePodResize,
  },
  action('binding', ['create'], { kind: 'Binding' }),
  action('eviction', ['create'], { group: 'policy', version: 'v1', kind: 'Eviction' }),
  action('log', ['get'], { kind: 'Pod' }),
  action('exec', ['create', 'get'], { kind: 'PodExecOptions' }),
  action('attach', ['create', 'get'], { kind: 'PodAttachOptions' }),
  action('portforward', ['create', 'get'], { kind: 'PodPortForwardOptions' }),
  action('proxy', ['create', 'delete', 'get', 'patch', 'update'], { kind: 'PodProxyOptions' }),
]

function action(
  name: string,
  verbs: readonly string[],
  kind: Pick<ActionSubresource, 'group' | 'version' | 'kind'>,
): ActionSubresource {
  return { name, form: 'action', verbs, ...kind }
}

/** registry/core/pod podStatusStrategy */
function prepareStatus(pod: Pod, old: Pod): void {
  pod.spec = old.spec
  keepGeneration(pod, old)
  delete pod.metadata.deletionTimestamp
  keepMeta(pod.metadata, old.metadata, 'ownerReferences')
  pod.status ??= {}
  if (!pod.status.qosClass && old.status?.qosClass) pod.status.qosClass = old.status.qosClass
  if (!pod.status.observedGeneration && old.status?.observedGeneration)
    pod.status.observedGeneration = old.status.observedGeneration
  keepConditionGenerations(pod.status.conditions ?? [], old.status?.conditions ?? [])
}

/** A writer that does not know a condition's observedGeneration does not erase it (preserveOldObservedGeneration). */
function keepConditionGenerations(now: PodCondition[], before: readonly PodCondition[]): void {
  const left = [...before]
  for (const condition of now) {
    const at = left.findIndex(({ type }) => type === condition.type)
    if (at < 0) continue
    const [old] = left.splice(at, 1)
    if (!condition.observedGeneration && old?.observedGeneration)
      condition.observedGeneration = old.observedGeneration
  }
}

/** metav1.ResetObjectMetaForStatus: of the metadata only what nobody may lose is taken from the writer. */
function keepAllButSpec(pod: Pod, old: Pod): void {
  pod.status = old.status
  for (const field of resetFields) keepMeta(pod.metadata, old.metadata, field)
}

const resetFields = [
  'deletionTimestamp',
  'generation',
  'selfLink',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
] as const

type KeptField = (typeof resetFields)[number]

function keepMeta(meta: ObjectMeta, old: ObjectMeta, field: KeptField): void {
  if (old[field] === undefined) delete meta[field]
  else Object.assign(meta, { [field]: old[field] })
}

/** dropNonResizeUpdates: only resources and resizePolicy of known containers change. */
function prepareResize(pod: Pod, old: Pod): void {
  const { containers, initContainers, resources } = pod.spec
  if (sameNames(containers, old.spec.containers)) {
    if (sameNames(initContainers ?? [], old.spec.initContainers ?? [])) {
      keepAllButSpec(pod, old)
      pod.spec = { ...old.spec, containers: withResources(old.spec.containers, containers) }
      if (initContainers)
        pod.spec.initContainers = withResources(old.spec.initContainers ?? [], initContainers)
      if (resources) pod.spec.resources = resources
      else delete pod.spec.resources
    }
  }
  advanceWithSpec(pod, old)
}

function sameNames(a: readonly Container[], b: readonly Container[]): boolean {
  return a.length === b.length && a.every(({ name }, i) => name === b[i]!.name)
}

function withResources(old: readonly Container[], now: readonly Container[]): Container[] {
  return old.map((container, i) => {
    const { resources, resizePolicy } = now[i]!
    const next = { ...container }
    delete next.resources
    delete next.resizePolicy
    return { ...next, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) }
  })
}
