import { isConflict, isInvalid, isNotFound, parseApiVersion } from '@kemu/api'
import type { KubeObject, OwnerReference } from '@kemu/api'
import { Backoff, sleep } from '@kemu/base'
import type { Client, Informer } from '@kemu/client'
import { Controller, done } from '@kemu/controller-runtime'
import type { Result, Runnable } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { serves } from '../discovery/discovery.ts'
import type { Discovery, ServedResource } from '../discovery/discovery.ts'
import {
  blocking,
  DependencyGraph,
  foregroundFinalizer,
  graphNode,
  orphanFinalizer,
} from './dependency-graph.ts'
import type { GraphNode } from './dependency-graph.ts'
import { planCollection } from './plan-collection.ts'
import type { ClassifiedOwner, OwnerState } from './plan-collection.ts'

/** Never collected: events tell of objects that are gone (DefaultIgnoredResources). */
const ignored = new Set(['events', 'events.events.k8s.io'])

/** Deletes objects whose owners are gone, and carries out foreground and orphaning deletions. */
export class GarbageCollector implements Runnable {
  readonly #deps: ControllerDeps
  readonly #discovery: Discovery
  readonly #graph = new DependencyGraph()
  readonly #deleting: Controller
  readonly #orphaning: Controller
  readonly #kinds = new Map<string, ServedResource>()
  readonly #stop = new AbortController()

  constructor(deps: ControllerDeps, discovery: Discovery) {
    this.#deps = deps
    this.#discovery = discovery
    this.#deleting = new Controller(
      {
        name: 'garbage_collector_attempt_to_delete',
        ...workersOf(deps),
        reconcile: (uid) => this.#collect(uid),
        failureMsMax: 60_000,
      },
      deps,
    )
    this.#orphaning = new Controller(
      {
        name: 'garbage_collector_attempt_to_orphan',
        ...workersOf(deps),
        reconcile: (uid) => this.#orphanDependents(uid),
        failureMsMax: 60_000,
      },
      deps,
    )
  }

  /** Resolves when every collectable resource is known; before that nothing is deleted. */
  async start(): Promise<void> {
    const resources = await this.#discover()
    const watched = resources.filter(isCollectable).map((resource) => this.#watch(resource))
    await Promise.all(watched.map((informer) => informer.synced))
    if (this.#stop.signal.aborted) return
    await Promise.all([this.#deleting.start(), this.#orphaning.start()])
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all([this.#deleting.close(), this.#orphaning.close()])
    this.#discovery.close()
  }

  /** The server's resources; asked for again while it does not answer. */
  async #discover(): Promise<readonly ServedResource[]> {
    const { clock, random, logger } = this.#deps
    const backoff = new Backoff({ initialMs: 50, maxMs: 10_000 }, random)
    while (!this.#stop.signal.aborted) {
      try {
        const { resources } = await this.#discovery.served()
        for (const resource of resources)
          this.#kinds.set(`${resource.group}/${resource.kind}`, resource)
        return resources
      } catch (error) {
        logger.warn('Cannot discover resources, trying again', { err: error as Error })
        await sleep(clock, backoff.nextMs(), this.#stop.signal)
      }
    }
    return []
  }

  #watch(resource: ServedResource): Informer<KubeObject> {
    const { group, version, resource: name, kind, namespaced } = resource
    const informer = this.#deps.informers.of({ group, version, resource: name, kind, namespaced })
    const changed = (object: KubeObject): void => this.#onChange(graphNode(resource, object))
    informer.addHandler({
      add: changed,
      update: (_, object) => changed(object),
      remove: (object) => this.#onGone(object.metadata.uid),
    })
    return informer
  }

  #onChange(node: GraphNode): void {
    const old = this.#graph.set(node)
    if (
      node.owners.some(
        ({ uid }) => !this.#graph.get(uid) || this.#graph.get(uid)!.deletingDependents,
      )
    )
      this.#deleting.enqueue(node.uid)
    if (node.orphaning) this.#orphaning.enqueue(node.uid)
    if (node.deletingDependents && !old?.deletingDependents) {
      for (const dependent of this.#graph.dependentsOf(node.uid))
        this.#deleting.enqueue(dependent.uid)
      this.#deleting.enqueue(node.uid)
    }
    // A dependent that no longer blocks may be what an owner waited for.
    if (old && old.owners !== node.owners) this.#wakeOwners(old.owners)
  }

  #onGone(uid: string): void {
    const node = this.#graph.delete(uid)
    for (const dependent of this.#graph.dependentsOf(uid)) this.#deleting.enqueue(dependent.uid)
    if (node) this.#wakeOwners(node.owners)
  }

  #wakeOwners(owners: readonly OwnerReference[]): void {
    for (const { uid } of owners)
      if (this.#graph.get(uid)?.deletingDependents) this.#deleting.enqueue(uid)
  }

  async #collect(uid: string): Promise<Result> {
    const node = this.#graph.get(uid)
    if (!node || (node.deleting && !node.deletingDependents)) return done
    if (node.deletingDependents) return this.#finishForeground(node)
    if (node.owners.length === 0) return done
    const object = await this.#live(node)
    if (!object) return done
    const owners = await Promise.all(
      (object.metadata.ownerReferences ?? []).map((reference) => this.#classify(node, reference)),
    )
    const dependents = this.#graph.dependentsOf(uid)
    const plan = planCollection({
      owners,
      finalizers: object.metadata.finalizers ?? [],
      hasDependents: dependents.length > 0,
    })
    switch (plan.kind) {
      case 'keep':
        return done
      case 'dropReferences':
        await this.#dropReferences(node, plan.uids)
        return done
      case 'delete':
        if (plan.unblockDependents)
          for (const dependent of dependents.filter((d) => d.deletingDependents))
            await this.#unblock(dependent, uid)
        await this.#delete(node, plan.propagationPolicy)
        return done
    }
  }

  /** The owner of a foreground deletion goes when nothing blocks it any more. */
  async #finishForeground(node: GraphNode): Promise<Result> {
    const left = blocking(node, this.#graph.dependentsOf(node.uid))
    for (const dependent of left)
      if (!dependent.deletingDependents) this.#deleting.enqueue(dependent.uid)
    if (left.length === 0) await this.#removeFinalizer(node, foregroundFinalizer)
    return done
  }

  async #orphanDependents(uid: string): Promise<Result> {
    const node = this.#graph.get(uid)
    if (!node?.orphaning) return done
    const dependents = this.#graph.dependentsOf(uid)
    await Promise.all(dependents.map((dependent) => this.#dropReferences(dependent, [uid])))
    await this.#removeFinalizer(node, orphanFinalizer)
    return done
  }

  async #classify(dependent: GraphNode, reference: OwnerReference): Promise<ClassifiedOwner> {
    const known = this.#graph.get(reference.uid)
    if (known) {
      const state: OwnerState = known.deletingDependents ? 'waiting' : 'solid'
      // An owner in the graph may be gone already; but then its removal is on its way here.
      return { reference, state }
    }
    return { reference, state: await this.#lookUp(dependent, reference) }
  }

  /** An owner that the graph does not know is asked for: its kind may not be watched, or its event is late. */
  async #lookUp(dependent: GraphNode, reference: OwnerReference): Promise<OwnerState> {
    const resource = await this.#resourceOf(reference)
    const namespace = resource.namespaced ? dependent.namespace : ''
    // An owner in a namespace cannot own what has none: no such owner can ever be found.
    if (resource.namespaced && dependent.namespace === '') return 'solid'
    try {
      const owner = await this.#deps.client.resource(resource, namespace).get(reference.name)
      if (owner.metadata.uid !== reference.uid) return 'absent'
      return graphNode(resource, owner).deletingDependents ? 'waiting' : 'solid'
    } catch (error) {
      if (isNotFound(error)) return 'absent'
      throw error
    }
  }

  async #resourceOf({ apiVersion, kind }: OwnerReference): Promise<ServedResource> {
    const key = `${parseApiVersion(apiVersion).group}/${kind}`
    if (!this.#kinds.has(key)) {
      await this.#discover()
    }
    const resource = this.#kinds.get(key)
    if (!resource) throw new Error(`unable to get REST mapping for ${apiVersion}/${kind}.`)
    return resource
  }

  async #live(node: GraphNode): Promise<KubeObject | undefined> {
    try {
      const object = await this.#resource(node).get(node.name)
      return object.metadata.uid === node.uid ? object : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async #delete(
    node: GraphNode,
    propagationPolicy: 'Background' | 'Foreground' | 'Orphan',
  ): Promise<void> {
    const options = { propagationPolicy, preconditions: { uid: node.uid } }
    await ignoreGone(this.#resource(node).delete(node.name, options))
  }

  async #dropReferences(node: GraphNode, uids: readonly string[]): Promise<void> {
    const patch = {
      metadata: { uid: node.uid, ownerReferences: uids.map((uid) => ({ $patch: 'delete', uid })) },
    }
    await ignoreGone(this.#resource(node).patch(node.name, 'strategic', patch))
  }

  async #unblock(node: GraphNode, ownerUid: string): Promise<void> {
    const references = node.owners
      .filter(({ uid }) => uid === ownerUid)
      .map(({ uid }) => ({ uid, blockOwnerDeletion: false }))
    const patch = { metadata: { uid: node.uid, ownerReferences: references } }
    await ignoreGone(this.#resource(node).patch(node.name, 'strategic', patch))
  }

  async #removeFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const object = await this.#live(node)
    const finalizers = object?.metadata.finalizers
    if (!finalizers?.includes(finalizer)) return
    const patch = {
      metadata: {
        uid: node.uid,
        resourceVersion: object!.metadata.resourceVersion,
        finalizers: finalizers.filter((name) => name !== finalizer),
      },
    }
    await ignoreGone(this.#resource(node).patch(node.name, 'merge', patch))
  }

  #resource(node: GraphNode): ReturnType<Client['resource']> {
    return this.#deps.client.resource(node.resource, node.namespace)
  }
}

function isCollectable(resource: ServedResource): boolean {
  const name = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`
  return serves(resource, 'delete', 'list', 'watch') && !ignored.has(name)
}

/** Gone, or another object by now: what was wanted holds. */
async function ignoreGone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (isNotFound(error) || isInvalid(error)) return
    if (isConflict(error) && /uid/i.test((error as Error).message)) return
    throw error
  }
}
