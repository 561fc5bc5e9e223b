import { ApiException, AppsV1Api, CoreV1Api, KubeConfig, Watch } from '@kubernetes/client-node'
import type { V1Pod, V1PodSpec } from '@kubernetes/client-node'

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

/** How long one pod took until it was Ready, in milliseconds. */
export interface OnePod {
  readonly fromRequestMs: number
  readonly fromBoundMs: number
}

/** Makes pods of one contender and sees in its API, by a watch, when they were bound and Ready. */
export class PodRuns {
  readonly contender: Contender
  readonly #client: CoreV1Api
  readonly #apps: AppsV1Api
  readonly #prefix: string
  readonly #seen = new Map<string, Moments>()
  readonly #gone = new Set<string>()
  readonly #wakes = new Set<() => void>()
  #abort: () => void = () => undefined
  #next = 0

  private constructor(contender: Contender, config: KubeConfig) {
    this.contender = contender
    this.#client = config.makeApiClient(CoreV1Api)
    this.#apps = config.makeApiClient(AppsV1Api)
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

  /** One pod, which is gone again afterwards. */
  async one(): Promise<OnePod> {
    const name = this.#newName()
    const beganMs = performance.now()
    await this.#create(name)
    await this.#until(() => this.#moments(name).readyMs !== undefined)
    const { boundMs, readyMs } = this.#moments(name)
    await this.#remove([name])
    return { fromRequestMs: readyMs! - beganMs, fromBoundMs: readyMs! - boundMs! }
  }

  /** Milliseconds from the request until all pods of a Deployment are Ready; gone again afterwards. */
  async deployment(count: number): Promise<number> {
    const name = this.#newName()
    const labels = { app: name }
    const isOurs = (pod: string): boolean => pod.startsWith(`${name}-`)
    const countOf = (names: Iterable<string>): number => [...names].filter(isOurs).length
    const ready = (): number =>
      countOf([...this.#seen].flatMap(([pod, { readyMs }]) => (readyMs === undefined ? [] : pod)))
    const beganMs = performance.now()
    await this.#apps.createNamespacedDeployment({
      namespace: 'default',
      body: {
        metadata: { name },
        spec: {
          replicas: count,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: this.#podSpec() },
        },
      },
    })
    await this.#until(() => ready() === count)
    const tookMs = performance.now() - beganMs
    await this.#apps.deleteNamespacedDeployment({ name, namespace: 'default' })
    await this.#until(() => countOf(this.#gone) === count)
    return tookMs
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
    const body: V1Pod = { metadata: { name }, spec: this.#podSpec() }
    try {
      await this.#client.createNamespacedPod({ namespace: 'default', body })
    } catch (error) {
      // The store's answer was lost on the way and asked for again: the pod is there.
      if (!(error instanceof ApiException) || error.code !== 409) throw error
    }
  }

  #podSpec(): V1PodSpec {
    const { image, node } = this.contender
    return {
      containers: [{ name: 'pause', image }],
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      ...(node === '' ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
    }
  }
}
