import { configMaps, secrets } from '@kemu/api'
import type { ConfigMap, KubeObject, Pod, ResourceType, Secret } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { Informer } from '@kemu/client'
import type { Client, ReflectorDeps } from '@kemu/client'
import { allContainers } from '../sync/pod-spec.ts'

export interface ObjectCacheDeps extends ReflectorDeps {
  readonly client: Client
  readonly clock: Clock
  /** Told when an object that a pod uses changed. */
  readonly changed: (podUid: string) => void
}

/** What a pod refers to, by resource. */
export interface ObjectReferences {
  readonly configMaps: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
}

interface Watched {
  readonly informer: Informer<KubeObject>
  readonly users: Set<string>
}

/** Longest wait for the first answer; upstream's "timed out waiting for the condition". */
const syncTimeoutMs = 10_000

/**
 * The config maps and secrets that this node's pods use, each watched by name as long as a pod uses
 * it: the node may read no others. Upstream counterpart: watch-based configmap and secret managers.
 */
export class ObjectCache {
  readonly #deps: ObjectCacheDeps
  readonly #watched = new Map<string, Watched>()

  constructor(deps: ObjectCacheDeps) {
    this.#deps = deps
  }

  /** Starts to watch what the pod refers to. */
  register(pod: Pod): void {
    const { uid, namespace = '' } = pod.metadata
    const references = referencesOf(pod)
    for (const name of references.configMaps) this.#use(configMaps, namespace, name, uid)
    for (const name of references.secrets) this.#use(secrets, namespace, name, uid)
  }

  unregister(podUid: string): void {
    for (const [key, { informer, users }] of this.#watched) {
      if (!users.delete(podUid) || users.size > 0) continue
      this.#watched.delete(key)
      void informer.close()
    }
  }

  /**
   * Waits until the first state of everything that the pod refers to is here; throws after ten
   * seconds.
   */
  async ready(pod: Pod): Promise<void> {
    const { uid } = pod.metadata
    const used = [...this.#watched].filter(([, { users }]) => users.has(uid))
    await Promise.all(used.map(([key, { informer }]) => this.#synced(key, informer)))
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#get(configMaps, namespace, name)
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#get(secrets, namespace, name)
  }

  async close(): Promise<void> {
    const all = [...this.#watched.values()]
    this.#watched.clear()
    await Promise.all(all.map(({ informer }) => informer.close()))
  }

  #get<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
  ): T | undefined {
    const watched = this.#watched.get(keyOf(type, namespace, name))
    return watched?.informer.lister.get(`${namespace}/${name}`) as T | undefined
  }

  #use<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
    uid: string,
  ): void {
    const key = keyOf(type, namespace, name)
    const standing = this.#watched.get(key)
    if (standing) {
      standing.users.add(uid)
      return
    }
    const { client } = this.#deps
    const options = { namespace, fieldSelector: `metadata.name=${name}` }
    const informer = new Informer(
      client,
      type,
      options,
      this.#deps,
    ) as unknown as Informer<KubeObject>
    const users = new Set([uid])
    const tell = (): void => {
      if (informer.hasSynced) for (const user of users) this.#deps.changed(user)
    }
    informer.addHandler({ add: tell, update: tell, remove: tell })
    this.#watched.set(key, { informer, users })
    informer.start()
  }

  async #synced(key: string, informer: Informer<KubeObject>): Promise<void> {
    if (informer.hasSynced) return
    const stop = new AbortController()
    const inTime = await Promise.race([
      informer.synced.then(() => true),
      sleep(this.#deps.clock, syncTimeoutMs, stop.signal).then((whole) => !whole),
    ])
    stop.abort()
    const [resource] = key.split('/')
    if (!inTime)
      throw new Error(
        `failed to sync ${resource === 'configmaps' ? 'configmap' : 'secret'} cache: timed out waiting for the condition`,
      )
  }
}

function keyOf(type: ResourceType, namespace: string, name: string): string {
  return `${type.resource}/${namespace}/${name}`
}

/** Everything that a pod's containers and volumes name. */
export function referencesOf(pod: Pod): ObjectReferences {
  const maps = new Set<string>()
  const secretNames = new Set<string>()
  for (const { name } of pod.spec.imagePullSecrets ?? []) if (name) secretNames.add(name)
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.configMap?.name) maps.add(volume.configMap.name)
    if (volume.secret?.secretName) secretNames.add(volume.secret.secretName)
    for (const { configMap, secret } of volume.projected?.sources ?? []) {
      if (configMap?.name) maps.add(configMap.name)
      if (secret?.name) secretNames.add(secret.name)
    }
  }
  for (const container of allContainers(pod)) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      if (configMapRef?.name) maps.add(configMapRef.name)
      if (secretRef?.name) secretNames.add(secretRef.name)
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.configMapKeyRef?.name) maps.add(valueFrom.configMapKeyRef.name)
      if (valueFrom?.secretKeyRef?.name) secretNames.add(valueFrom.secretKeyRef.name)
    }
  }
  return { configMaps: maps, secrets: secretNames }
}
