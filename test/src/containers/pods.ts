import { eventually } from '../support/eventually.ts'

/** The parts of a pod's status that these tests look at. */
export interface StatusOfPod {
  readonly phase: string
  readonly containerStatuses?: readonly StatusOfContainer[]
  readonly initContainerStatuses?: readonly StatusOfContainer[]
  readonly ephemeralContainerStatuses?: readonly StatusOfContainer[]
}

export interface StatusOfContainer {
  readonly name: string
  readonly restartCount: number
  readonly imageID: string
  readonly state: StateOfContainer
  readonly lastState: StateOfContainer
}

export interface StateOfContainer {
  readonly running?: object
  readonly waiting?: { readonly reason: string; readonly message?: string }
  readonly terminated?: {
    readonly exitCode: number
    readonly reason: string
    readonly message?: string
  }
}

export const busybox = (name: string, script: string, more: object = {}): object => ({
  name,
  image: 'busybox',
  command: ['sh', '-c', script],
  ...more,
})

/** The real kubectl, sent to one cluster. */
export interface Kubectl {
  kubectl(...args: readonly string[]): Promise<string>
  kubectlWithInput(input: string, ...args: readonly string[]): Promise<string>
  json<T>(...args: readonly string[]): Promise<T>
}

/** Makes pods, and asks about them, with the real kubectl. */
export class Pods {
  readonly #cluster: Kubectl

  constructor(cluster: Kubectl) {
    this.#cluster = cluster
  }

  /** Applies a pod that ends within a second when it is asked to. */
  async apply(name: string, spec: object): Promise<void> {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { terminationGracePeriodSeconds: 1, ...spec },
    }
    await this.#cluster.kubectlWithInput(JSON.stringify(pod), 'apply', '-f', '-')
  }

  /** One container of busybox, run to its end; gives what it printed. */
  async output(
    name: string,
    script: string,
    spec: object = {},
    container: object = {},
  ): Promise<string> {
    await this.apply(name, {
      restartPolicy: 'Never',
      containers: [busybox('main', script, container)],
      ...spec,
    })
    await this.ended(name)
    return this.#cluster.kubectl('logs', name)
  }

  async ready(name: string): Promise<void> {
    await this.#cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=240s')
  }

  async status(name: string): Promise<StatusOfPod> {
    return (await this.#cluster.json<{ status: StatusOfPod }>('pod', name)).status
  }

  /** All containers have ended for good. */
  ended(name: string): Promise<StatusOfPod> {
    return eventually(`${name} ends`, async () => {
      const status = await this.status(name)
      return status.phase === 'Succeeded' || status.phase === 'Failed' ? status : undefined
    })
  }

  /** What was said of all objects of a kind. */
  async events(kind: 'Pod' | 'Node'): Promise<string> {
    const chosen = `--field-selector=involvedObject.kind=${kind}`
    return this.#cluster.kubectl('get', 'events', '-A', chosen)
  }

  async exec(name: string, ...command: readonly string[]): Promise<string> {
    return this.#cluster.kubectl('exec', name, '--', ...command)
  }
}

/** How a container ended, by its name. */
export function endOf(status: StatusOfPod, name: string): StateOfContainer['terminated'] {
  return status.containerStatuses?.find((container) => container.name === name)?.state.terminated
}
