import type { Logger } from '@kemu/base'
import type { PodNetwork } from '@kemu/network/pod'
import { RpcError, status } from '@kemu/rpc'
import type { Handlers, Message } from '@kemu/rpc'
import type {
  ContainerFilter,
  ContainerStats,
  PodSandboxFilter,
  PodSandboxStats,
  RuntimeServiceMethods,
} from '@kemu/rpc/cri'
import type { ContainerHandler } from '../handler/handler.ts'
import type { ImageStore } from '../images/image-store.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import type { StreamingServer } from '../streams/streaming-server.ts'
import type { Containers } from './containers.ts'
import { failed, notFound } from './errors.ts'
import type { Events } from './events.ts'
import { execSync } from './exec-sync.ts'
import type { Sandboxes } from './sandboxes.ts'
import { viewContainerStats, viewSandboxStats } from './stats.ts'
import {
  containerState,
  sandboxState,
  viewContainer,
  viewContainerStatus,
  viewSandbox,
  viewSandboxStatus,
} from './views.ts'

export interface RuntimeServiceDeps {
  readonly sandboxes: Sandboxes
  readonly containers: Containers
  readonly images: ImageStore
  readonly handlers: ReadonlyMap<string, ContainerHandler>
  readonly network: PodNetwork
  readonly events: Events
  readonly streaming: StreamingServer
  readonly timestamps: Timestamps
  readonly logger: Logger
  readonly version: string
}

/** CRI's RuntimeService: requests to calls, records to messages; decisions are made below. */
export function runtimeService(deps: RuntimeServiceDeps): Handlers<RuntimeServiceMethods> {
  return {
    ...nodeCalls(deps),
    ...sandboxCalls(deps),
    ...containerCalls(deps),
    ...streamCalls(deps),
    ...statsCalls(deps),
  }
}

function nodeCalls(deps: RuntimeServiceDeps): Handlers<RuntimeServiceMethods> {
  const { network, handlers, version } = deps
  return {
    Version: () => ({
      version: '0.1.0', // kubeRuntimeAPIVersion, the same for every runtime
      runtimeName: 'kemu',
      runtimeVersion: version,
      runtimeApiVersion: 'v1',
    }),
    Status: ({ verbose }) => {
      const notReady = network.notReady()
      return {
        status: {
          conditions: [
            { type: 'RuntimeReady', status: true, reason: '', message: '' },
            {
              type: 'NetworkReady',
              status: !notReady,
              ...(notReady ?? { reason: '', message: '' }),
            },
          ],
        },
        runtimeHandlers: [...handlers.keys()].sort().map((name) => ({
          name,
          features: { recursiveReadOnlyMounts: false, userNamespaces: false },
        })),
        features: { supplementalGroupsPolicy: true },
        info: verbose ? { ...describeHandlers(handlers), ...network.describe() } : {},
      }
    },
    UpdateRuntimeConfig: () => {
      // As containerd without a template: whoever owns the pod network drops its configuration into the CNI directory.
      return {}
    },
    RuntimeConfig: () => ({ linux: { cgroupDriver: 'CGROUPFS' } }),
  }
}

function describeHandlers(handlers: ReadonlyMap<string, ContainerHandler>): Record<string, string> {
  return Object.fromEntries(
    [...new Set(handlers.values())].map((handler) => [
      handler.name,
      JSON.stringify(handler.describe()),
    ]),
  )
}

function sandboxCalls(deps: RuntimeServiceDeps): Handlers<RuntimeServiceMethods> {
  const { sandboxes, containers } = deps
  const list = (filter: PodSandboxFilter | null | undefined) =>
    sandboxes
      .list()
      .filter((record) => matchesSandbox(record, filter))
      .map(viewSandbox)
  return {
    RunPodSandbox: async ({ config, runtimeHandler }) => ({
      podSandboxId: (await sandboxes.run(config, runtimeHandler)).id,
    }),
    StopPodSandbox: async ({ podSandboxId }) => {
      await sandboxes.stop(podSandboxId)
      return {}
    },
    RemovePodSandbox: async ({ podSandboxId }) => {
      await sandboxes.remove(podSandboxId)
      return {}
    },
    PodSandboxStatus: ({ podSandboxId, verbose }) => {
      const record = sandboxes.get(podSandboxId)
      return {
        status: viewSandboxStatus(record),
        info: verbose ? describeSandbox(deps, record) : {},
        containersStatuses: containers
          .ofSandbox(record.id)
          .map((c) => viewContainerStatus(c, imageOf(deps, c))),
        timestamp: deps.timestamps.nowNs().toString(),
      }
    },
    ListPodSandbox: ({ filter }) => ({ items: list(filter) }),
    StreamPodSandboxes: ({ filter }, call) => {
      call.write({ podSandboxes: list(filter) })
      call.end()
    },
  }
}

function describeSandbox(deps: RuntimeServiceDeps, record: SandboxRecord): Record<string, string> {
  const { id, config, address } = record
  const pid = deps.sandboxes.handlerOf(record).sandboxPid(id) ?? 0
  const cniResult = deps.network.describePod(id, pid === 0 ? '' : `/proc/${pid}/ns/net`)
  return { info: JSON.stringify({ pid, address, config, cniResult }) }
}

function matchesSandbox(
  record: SandboxRecord,
  filter: PodSandboxFilter | null | undefined,
): boolean {
  if (!filter) return true
  return (
    record.id.startsWith(filter.id) &&
    (!filter.state || filter.state.state === sandboxState(record)) &&
    hasLabels(record.config.labels, filter.labelSelector)
  )
}

function hasLabels(
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}

function imageOf({ images }: RuntimeServiceDeps, record: ContainerRecord) {
  return images.find(record.imageId)
}

function containerCalls(deps: RuntimeServiceDeps): Handlers<RuntimeServiceMethods> {
  const { containers, sandboxes } = deps
  const list = (filter: ContainerFilter | null | undefined) =>
    containers
      .list()
      .filter((record) => matchesContainer(record, filter))
      .map(viewContainer)
  return {
    CreateContainer: async ({ podSandboxId, config }) => ({
      containerId: (await containers.create(podSandboxId, config)).id,
    }),
    StartContainer: async ({ containerId }) => {
      await containers.start(containerId)
      return {}
    },
    StopContainer: async ({ containerId, timeout }) => {
      await containers.stop(containerId, Number(timeout) * 1000)
      return {}
    },
    RemoveContainer: async ({ containerId }) => {
      await containers.remove(containerId)
      return {}
    },
    ListContainers: ({ filter }) => ({ containers: list(filter) }),
    StreamContainers: ({ filter }, call) => {
      call.write({ containers: list(filter) })
      call.end()
    },
    ContainerStatus: ({ containerId, verbose }) => {
      const record = containers.get(containerId)
      return {
        status: viewContainerStatus(record, imageOf(deps, record)),
        info: verbose ? describeContainer(deps, record) : {},
      }
    },
    UpdateContainerResources: async ({ containerId, linux }) => {
      if (linux) await containers.updateResources(containerId, linux)
      return {}
    },
    UpdatePodSandboxResources: ({ podSandboxId }) => {
      sandboxes.get(podSandboxId)
      return {}
    },
    ReopenContainerLog: ({ containerId }) => {
      const record = containers.get(containerId)
      if (record.phase !== 'running') throw failed('container is not running')
      containers.handlerOf(record).reopenLog(record.id)
      return {}
    },
  }
}

function matchesContainer(
  record: ContainerRecord,
  filter: ContainerFilter | null | undefined,
): boolean {
  if (!filter) return true
  return (
    record.id.startsWith(filter.id) &&
    record.sandboxId.startsWith(filter.podSandboxId) &&
    (!filter.state || filter.state.state === containerState(record)) &&
    hasLabels(record.config.labels, filter.labelSelector)
  )
}

function describeContainer(
  deps: RuntimeServiceDeps,
  record: ContainerRecord,
): Record<string, string> {
  const handler = deps.containers.handlerOf(record)
  const info = {
    sandboxID: record.sandboxId,
    pid: handler.mainPid(record.id) ?? 0,
    removing: false,
    runtimeType: handler.name,
    config: record.config,
  }
  return { info: JSON.stringify(info) }
}

function streamCalls(deps: RuntimeServiceDeps): Handlers<RuntimeServiceMethods> {
  const { containers, sandboxes, streaming, events } = deps
  const running = (id: string): ContainerRecord => {
    const record = containers.get(id)
    if (record.phase !== 'running') throw failed(`container is in ${containerState(record)} state`)
    return record
  }
  return {
    ExecSync: ({ containerId, cmd, timeout }) => {
      const record = running(containerId)
      return execSync(containers.handlerOf(record), record, cmd, Number(timeout) * 1000)
    },
    Exec: (request) => ({ url: streaming.exec(running(request.containerId), request) }),
    Attach: (request) => ({ url: streaming.attach(running(request.containerId), request) }),
    PortForward: ({ podSandboxId, port }) => {
      const record = sandboxes.get(podSandboxId)
      if (record.phase !== 'ready') throw failed('sandbox container is not running')
      return { url: streaming.portForward(record, port) }
    },
    GetContainerEvents: (_request, call) => {
      const stop = events.subscribe((event) => call.write(event))
      call.onCancelled(stop)
    },
    CheckpointContainer: () => {
      throw new RpcError(
        status.UNIMPLEMENTED,
        'CheckpointContainer is not emulated: processes cannot be frozen to disk here',
      )
    },
  }
}

function statsCalls(deps: RuntimeServiceDeps): Handlers<RuntimeServiceMethods> {
  const { containers, sandboxes } = deps
  const statsOf = (record: ContainerRecord): Message<ContainerStats> =>
    viewContainerStats(record, containers.handlerOf(record).usage(record.id), deps.timestamps)
  const podStatsOf = (record: SandboxRecord): Message<PodSandboxStats> =>
    viewSandboxStats(
      record,
      containers.ofSandbox(record.id).filter(isRunning).map(statsOf),
      deps.timestamps,
    )
  const listContainers = (
    filter:
      | { id: string; podSandboxId: string; labelSelector: Record<string, string> }
      | null
      | undefined,
  ) =>
    containers
      .list()
      .filter((record) => isRunning(record) && matchesContainer(record, filter))
      .map(statsOf)
  const listPods = (
    filter: { id: string; labelSelector: Record<string, string> } | null | undefined,
  ) =>
    sandboxes
      .list()
      .filter((record) => record.phase === 'ready' && matchesSandbox(record, filter))
      .map(podStatsOf)
  return {
    ContainerStats: ({ containerId }) => ({ stats: statsOf(containers.get(containerId)) }),
    ListContainerStats: ({ filter }) => ({ stats: listContainers(filter) }),
    StreamContainerStats: ({ filter }, call) => {
      call.write({ containerStats: listContainers(filter) })
      call.end()
    },
    PodSandboxStats: ({ podSandboxId }) => {
      const record = sandboxes.find(podSandboxId)
      if (!record) throw notFound.sandbox(podSandboxId)
      return { stats: podStatsOf(record) }
    },
    ListPodSandboxStats: ({ filter }) => ({ stats: listPods(filter) }),
    StreamPodSandboxStats: ({ filter }, call) => {
      call.write({ podSandboxStats: listPods(filter) })
      call.end()
    },
    ListMetricDescriptors: () => ({ descriptors: [] }),
    ListPodSandboxMetrics: () => ({ podMetrics: [] }),
  }
}

const isRunning = (record: ContainerRecord): boolean => record.phase === 'running'
