import {
  controllerOf,
  controllerRevisions,
  deepEqual,
  isAlreadyExists,
  isNotFound,
  objectKey,
  persistentVolumeClaims,
  pods,
  selectorOf,
  statefulSets,
} from '@kemu/api'
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { claim } from '../pods/claim.ts'
import { ownerAmong } from '../pods/owner-among.ts'
import { claimable, indexByController } from '../pods/owner-index.ts'
import { constructHistory, surplusRevisions } from '../pods/revision-history.ts'
import { whenNextAvailable } from '../pods/when-available.ts'
import { claimOwners } from './claim-owners.ts'
import { planStatefulSet } from './plan-stateful-set.ts'
import type { StatefulAction, StatefulInput } from './plan-stateful-set.ts'
import {
  identityLabels,
  ordinalOf,
  revisionHashLabel,
  revisionOf,
  statefulClaims,
  statefulPod,
} from './stateful-pod.ts'
import { statefulStatus } from './stateful-status.ts'

type Verb = 'create' | 'update' | 'delete'
type Act = (work: () => Promise<unknown>) => Promise<void>

/** Keeps pods with names, volumes and an order: StatefulSets. */
export class StatefulSetController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #sets: Informer<StatefulSet>
  readonly #pods: Informer<Pod>
  readonly #revisions: Informer<ControllerRevision>
  readonly #claims: Informer<PersistentVolumeClaim>
  protected readonly controller: Controller
  /** Pods that were deleted, until the cache shows it. */
  readonly #deleted = new Set<string>()

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#sets = deps.informers.of(statefulSets)
    this.#pods = deps.informers.of(pods)
    this.#revisions = deps.informers.of(controllerRevisions)
    this.#claims = deps.informers.of(persistentVolumeClaims)
    this.controller = new Controller(
      {
        name: 'statefulset',
        sources: [this.#sets, this.#pods, this.#revisions, this.#claims],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    indexByController(this.#pods)
    indexByController(this.#revisions)
    this.#listen()
  }

  #listen(): void {
    const enqueue = (set: StatefulSet): void => this.controller.enqueue(objectKey(set))
    this.controller.follow(this.#sets)
    this.#pods.addHandler({
      add: (pod) => this.#onPod(pod),
      update: (old, pod) => {
        const before = this.#ownerOf(old)
        if (before && before !== this.#ownerOf(pod)) enqueue(before)
        this.#onPod(pod)
      },
      remove: (pod) => {
        this.#deleted.delete(pod.metadata.uid)
        this.#onPod(pod)
      },
    })
    // A pod waits for a claim of its name to be gone before it gets its own.
    this.#claims.addHandler({
      remove: ({ metadata }) => {
        for (const set of this.#sets.lister.inNamespace(metadata.namespace ?? ''))
          if (metadata.name.includes(set.metadata.name)) enqueue(set)
      },
    })
  }

  #onPod(pod: Pod): void {
    const owner = this.#ownerOf(pod)
    if (owner) return this.controller.enqueue(objectKey(owner))
    if (controllerOf(pod.metadata)) return
    for (const set of this.#sets.lister.inNamespace(pod.metadata.namespace ?? ''))
      if (selectorOf(set.spec.selector).matches(pod.metadata.labels))
        this.controller.enqueue(objectKey(set))
  }

  #ownerOf(object: Pod): StatefulSet | undefined {
    return ownerAmong(this.#sets.lister, 'StatefulSet', object)
  }

  async #reconcile(key: string): Promise<Result> {
    const set = this.#sets.lister.get(key)
    if (!set) return done
    const { client, clock } = this.#deps
    const revisions = await this.#claim(set, controllerRevisions, this.#revisions)
    const history = await constructHistory(client, set, revisions, revisionHashLabel)
    if ('kind' in history) return this.#countCollision(set)
    const own = await this.#claim(set, pods, this.#pods)
    const update = history.current
    const input: StatefulInput = {
      set,
      pods: own.filter((pod) => ordinalOf(pod, set) !== undefined),
      update,
      current:
        history.old.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update,
      nowMs: clock.now(),
      isTerminating: ({ metadata }) =>
        metadata.deletionTimestamp !== undefined || this.#deleted.has(metadata.uid),
    }
    await this.#ownClaims(input)
    const failure = await this.#act(input, planStatefulSet(input))
    await this.#writeStatus(set, input)
    await this.#trim(input, history.old)
    if (failure !== undefined) throw failure
    return whenNextAvailable(input.pods, set.spec.minReadySeconds, input.nowMs)
  }

  #claim<T extends Pod | ControllerRevision>(
    owner: StatefulSet,
    type: Parameters<typeof claim>[0]['type'],
    informer: Informer<T>,
  ): Promise<T[]> {
    const { client } = this.#deps
    const { name, namespace } = owner.metadata
    const freshOwner = () => client.resource(statefulSets, namespace).get(name)
    const selector = selectorOf(owner.spec.selector)
    const isOwn = (object: T): boolean =>
      object.kind !== 'Pod' ||
      controllerOf(object.metadata) !== undefined ||
      ordinalOf(object as Pod, owner) !== undefined
    const candidates = claimable(informer, owner).filter(isOwn)
    return claim({ client, type, owner, selector, freshOwner }, candidates)
  }

  /** Claims go with whom the retention policy says; it may have changed, and pods may have left the range. */
  async #ownClaims({ set, pods: own }: StatefulInput): Promise<void> {
    const namespace = set.metadata.namespace ?? ''
    const resource = this.#deps.client.resource(persistentVolumeClaims, namespace)
    for (const pod of own)
      for (const { metadata } of statefulClaims(set, ordinalOf(pod, set)!)) {
        const stored = this.#claims.lister.get(`${namespace}/${metadata.name ?? ''}`)
        const ownerReferences = stored && claimOwners(stored, set, pod)
        if (stored && ownerReferences)
          await resource.update({ ...stored, metadata: { ...stored.metadata, ownerReferences } })
      }
  }

  /** Gives the first error back: the status is written before it is thrown. */
  async #act(input: StatefulInput, actions: readonly StatefulAction[]): Promise<unknown> {
    let failure: unknown
    for (const action of actions) {
      try {
        await this.#perform(input, action)
      } catch (error) {
        failure ??= error
      }
    }
    return failure
  }

  async #perform(input: StatefulInput, action: StatefulAction): Promise<void> {
    const { set } = input
    const resource = this.#deps.client.resource(pods, set.metadata.namespace)
    switch (action.kind) {
      case 'create': {
        const pod = statefulPod(set, action.revision, action.ordinal)
        if (this.#hasStaleClaim(set, action.ordinal)) return
        await this.#told(set, 'create', `${set.metadata.name}-${action.ordinal}`, async (act) => {
          await this.#ensureClaims(set, action.ordinal)
          await act(() => resource.create(pod))
        })
        return
      }
      case 'delete': {
        const { name, uid } = action.pod.metadata
        await this.#told(set, 'delete', name, (act) =>
          act(() => resource.delete(name, { preconditions: { uid } })),
        )
        this.#deleted.add(uid)
        return
      }
      case 'identify': {
        const { name, uid, labels } = action.pod.metadata
        const patch = {
          metadata: { uid, labels: { ...labels, ...identityLabels(name, action.ordinal) } },
        }
        await this.#told(set, 'update', name, (act) =>
          act(() => resource.patch(name, 'strategic', patch)),
        )
        return
      }
      case 'claims':
        await this.#ensureClaims(set, action.ordinal)
    }
  }

  /** A claim on its way out would take the new pod's data along. */
  #hasStaleClaim(set: StatefulSet, ordinal: number): boolean {
    return statefulClaims(set, ordinal).some(({ metadata }) => {
      const key = `${set.metadata.namespace ?? ''}/${metadata.name ?? ''}`
      return this.#claims.lister.get(key)?.metadata.deletionTimestamp !== undefined
    })
  }

  async #ensureClaims(set: StatefulSet, ordinal: number): Promise<void> {
    const namespace = set.metadata.namespace ?? ''
    const resource = this.#deps.client.resource(persistentVolumeClaims, namespace)
    const podName = `${set.metadata.name}-${ordinal}`
    for (const draft of statefulClaims(set, ordinal)) {
      const name = draft.metadata.name ?? ''
      if (this.#claims.lister.get(`${namespace}/${name}`)) continue
      await this.#told(set, 'create', podName, (act) => act(() => resource.create(draft)), name)
    }
  }

  /** Runs the work and tells of it; what was done by an earlier pass already is no news. */
  async #told(
    set: StatefulSet,
    verb: Verb,
    podName: string,
    run: (act: Act) => Promise<void>,
    claimed?: string,
  ): Promise<void> {
    const { recorder } = this.#deps
    const words = { create: 'Create', update: 'Update', delete: 'Delete' }[verb]
    const subject = `Pod ${podName} in StatefulSet ${set.metadata.name}`
    try {
      let isNews = true
      await run(async (work) => {
        try {
          await work()
        } catch (error) {
          if (!isAlreadyExists(error) && !isNotFound(error)) throw error
          isNews = false
        }
      })
      if (!isNews) return
      const told =
        claimed === undefined ? `${subject} successful` : `Claim ${claimed} ${subject} success`
      recorder.record(set, 'Normal', `Successful${words}`, `${words} ${told}`)
    } catch (error) {
      const why = (error as Error).message
      const what = claimed === undefined ? subject : `Claim ${claimed} for ${subject}`
      recorder.record(set, 'Warning', `Failed${words}`, `${words} ${what} failed error: ${why}`)
      throw error
    }
  }

  async #writeStatus(set: StatefulSet, input: StatefulInput): Promise<void> {
    const status = statefulStatus(input)
    if (deepEqual(status, set.status)) return
    const resource = this.#deps.client.resource(statefulSets, set.metadata.namespace)
    await resource.updateStatus({ ...set, status })
  }

  async #trim(
    { set, pods: own, current }: StatefulInput,
    old: readonly ControllerRevision[],
  ): Promise<void> {
    const live = new Set([...own.map(revisionOf), current.metadata.name])
    const resource = this.#deps.client.resource(controllerRevisions, set.metadata.namespace)
    const history = old.filter(({ metadata }) => !live.has(metadata.name))
    for (const { metadata } of surplusRevisions(set, history, () => false))
      await resource.delete(metadata.name).catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      })
  }

  async #countCollision(set: StatefulSet): Promise<Result> {
    const status = { ...set.status, collisionCount: (set.status.collisionCount ?? 0) + 1 }
    const resource = this.#deps.client.resource(statefulSets, set.metadata.namespace)
    await resource.updateStatus({ ...set, status })
    return done
  }
}
