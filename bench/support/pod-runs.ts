import { ApiException, CoreV1Api, KubeConfig, Watch } from '@kubernetes/client-node'
import type { V1Pod } from '@kubernetes/client-node'

/** One way of running pods that is measured. */
export interface Contender {
  readonly name: string
  readonly kubeconfig: string
  readonly image: string
  /** `kubernetes.io/hostname` of the node; '' for any. */
  readonly node: string
}

interface Moments {
  boundMs?: number
  readyMs?: number
}

/** Makes pods of one contender and sees in its API, by a watch, when they were bound and Ready. */
export class PodRuns {
  readonly contender: Contender
  readonly #client: CoreV1Api
  readonly #prefix: string
  readonly #seen = new Map<string, Moments>()
  readonly #gone = new Set<string>()
  readonly #wakes = new Set<() => void>()
  #abort: () => void = () => undefined
  #next = 0

  private constructor(contender: Contender, config: KubeConfig) {
    this.contender = contender
    this.#client = config.makeApiClient(CoreV1Api)
    this.#prefix = contender.name.replaceAll(' ', '-')
  }

  static async start(contender: Contender): Promise<PodRuns> {
    const config = new KubeConfig()
    config.loadFromFile(contender.kubeconfig)
    const runs = new PodRuns(contender, config)
    const path = '/api/v1/namespaces/default/pods'
    const watch = await new Watch(config).watch(
      path,
      {},
      (type: string, pod: V1Pod) => runs.#note(type, pod),
      () => undefined,
    )
    runs.#abort = () => watch.abort()
    return runs
  }

  /** Milliseconds from bound to Ready of one pod, which is gone again afterwards. */
  async one(): Promise<number> {
    const name = this.#newName()
    await this.#create(name)
    await this.#until(() => this.#moments(name).readyMs !== undefined)
    const { boundMs, readyMs } = this.#moments(name)
    await this.#remove([name])
    return readyMs! - boundMs!
  }

  /** Milliseconds from the first request until all of so many pods are Ready; gone again afterwards. */
  async together(count: number): Promise<number> {
    const names = Array.from({ length: count }, () => this.#newName())
    const beganMs = performance.now()
    await Promise.all(names.map((name) => this.#create(name)))
    await this.#until(() => names.every((name) => this.#moments(name).readyMs !== undefined))
    const tookMs = performance.now() - beganMs
    await this.#remove(names)
    return tookMs
  }

  close(): void {
    this.#abort()
  }

  #newName(): string {
    return `${this.#prefix}-${this.#next++}`
  }

  #moments(name: string): Moments {
    let moments = this.#seen.get(name)
    if (!moments) this.#seen.set(name, (moments = {}))
    return moments
  }

  #note(type: string, pod: V1Pod): void {
    const name = pod.metadata!.name!
    const moments = this.#moments(name)
    if (pod.spec?.nodeName) moments.boundMs ??= performance.now()
    const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready')
    if (ready?.status === 'True') moments.readyMs ??= performance.now()
    if (type === 'DELETED') this.#gone.add(name)
    for (const wake of this.#wakes) wake()
  }

  #until(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!done()) return
        this.#wakes.delete(check)
        resolve()
      }
      this.#wakes.add(check)
      check()
    })
  }

  async #remove(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map((name) => this.#client.deleteNamespacedPod({ name, namespace: 'default' })),
    )
    await this.#until(() => names.every((name) => this.#gone.has(name)))
  }

  async #create(name: string): Promise<void> {
    const { image, node } = this.contender
    const body: V1Pod = {
      metadata: { name },
      spec: {
        containers: [{ name: 'pause', image }],
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        ...(node === '' ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
      },
    }
    try {
      await this.#client.createNamespacedPod({ namespace: 'default', body })
    } catch (error) {
      // The store's answer was lost on the way and asked for again: the pod is there.
      if (!(error instanceof ApiException) || error.code !== 409) throw error
    }
  }
}
