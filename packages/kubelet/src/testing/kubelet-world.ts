import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodes, pods } from '@kemu/api'
import type { Draft, Event, KubeObject, Pod, PodSpec } from '@kemu/api'
import { seededRandom, silentLogger } from '@kemu/base'
import { Client } from '@kemu/client'
import { parseKubeletConfiguration } from '../config/kubelet-configuration.ts'
import { NodePaths } from '../config/node-paths.ts'
import { Kubelet } from '../kubelet.ts'
import { FakeCri } from './fake-cri.ts'
import { SettlingClock, settled } from './settling-clock.ts'
import { MemoryApi } from './memory-api.ts'

/** One node in one process: a kubelet, a runtime and an API in memory, and a clock that the test moves. */
export class KubeletWorld {
  readonly clock = new SettlingClock()
  readonly cri = new FakeCri(this.clock)
  readonly api = new MemoryApi(() => new Date(this.clock.now()).toISOString())
  readonly client = new Client(this.api)
  readonly dir = mkdtempSync(join(tmpdir(), 'kubelet-test-'))
  readonly paths = new NodePaths(join(this.dir, 'kubelet'), join(this.dir, 'logs'), '')
  readonly configuration: object
  kubelet: Kubelet

  constructor(configuration: object = {}) {
    this.configuration = configuration
    this.kubelet = this.#make()
  }

  /** Starts the kubelet; with the API it registers and takes pods. */
  async start({ withApi = true } = {}): Promise<void> {
    await this.kubelet.start()
    if (!withApi) return
    this.kubelet.setStaticPods([])
    await this.connect()
  }

  async connect(): Promise<void> {
    const connected = this.kubelet.connect(this.client)
    await settled()
    await connected
    await settled()
  }

  /** A new process takes over; the old one is gone without a word. */
  async restart(): Promise<void> {
    await this.kubelet.close()
    this.kubelet = this.#make()
    await this.start()
  }

  async close(): Promise<void> {
    const closed = this.kubelet.close()
    await settled()
    await closed
    rmSync(this.dir, { recursive: true, force: true })
  }

  async create(name: string, spec: Partial<PodSpec> = {}, metadata: object = {}): Promise<Pod> {
    const draft: Draft<Pod> = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', ...metadata },
      spec: {
        nodeName: 'n1',
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        containers: [container('main')],
        ...spec,
      },
      status: { phase: 'Pending' },
    }
    const pod = await this.client.resource(pods, 'default').create(draft)
    await settled()
    return pod
  }

  async pod(name: string, namespace = 'default'): Promise<Pod | undefined> {
    return this.client
      .resource(pods, namespace)
      .get(name)
      .catch(() => undefined)
  }

  /** Asks for the pod's end as the API server does: it stays until its kubelet confirms. */
  async askToDelete(name: string, graceSeconds = 30): Promise<void> {
    const resource = this.client.resource(pods, 'default')
    const pod = await resource.get(name)
    await resource.update({
      ...pod,
      metadata: {
        ...pod.metadata,
        deletionTimestamp: new Date(this.clock.now() + graceSeconds * 1000).toISOString(),
        deletionGracePeriodSeconds: graceSeconds,
        finalizers: ['test/node'],
      },
    })
    await settled()
  }

  /** `reason: message` of all events about an object, oldest first. */
  async eventsOf(name: string): Promise<string[]> {
    await settled()
    const list = await this.api.list({
      group: '',
      version: 'v1',
      resource: 'events',
      namespace: '',
      name: '',
      subresource: '',
    })
    return (list.items as (KubeObject & Event)[])
      .filter((event) => event.involvedObject.name === name)
      .map((event) => `${event.reason}: ${event.message}`)
  }

  async node() {
    return this.client.resource(nodes).get('n1')
  }

  #make(): Kubelet {
    return new Kubelet({
      cri: this.cri,
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      paths: this.paths,
      machine: {
        cpus: 2,
        memoryBytes: 4 * 2 ** 30,
        diskBytes: 100 * 2 ** 30,
        machineId: 'm',
        systemUuid: 's',
        bootId: 'b',
        kernelVersion: '6.1',
        osImage: 'Debian',
        architecture: 'amd64',
      },
      config: parseKubeletConfiguration(this.configuration, 'test'),
      registration: { labels: { zone: 'a' }, taints: [], unschedulable: false, providerId: '' },
      nodeName: 'n1',
      hostname: 'n1',
      nodeIps: ['192.0.2.1'],
      memory: undefined,
      hostDns: () => ({ servers: ['192.0.2.53'], searches: [], options: [] }),
      nodeHosts: () => '127.0.0.1 localhost\n',
      reachablePort: (_host, port) => port,
    })
  }
}

export function container(name: string, more: object = {}): PodSpec['containers'][number] {
  return {
    name,
    image: 'busybox',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
    ...more,
  }
}

export function conditionOf(pod: Pod | undefined, type: string): string | undefined {
  return pod?.status.conditions?.find((condition) => condition.type === type)?.status
}
