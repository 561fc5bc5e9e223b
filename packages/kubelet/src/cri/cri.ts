import { RpcChannel } from '@kemu/rpc'
import type { CallOptions, Message, RpcClient } from '@kemu/rpc'
import { ImageService, RuntimeService } from '@kemu/rpc/cri'
import type {
  ContainerEventResponse,
  ImageServiceMethods,
  RuntimeServiceMethods,
} from '@kemu/rpc/cri'

/** The calls of CRI's RuntimeService that a kubelet makes, streams apart. */
export type RuntimeCalls = Pick<
  RpcClient<RuntimeServiceMethods>,
  | 'Version'
  | 'RunPodSandbox'
  | 'StopPodSandbox'
  | 'RemovePodSandbox'
  | 'PodSandboxStatus'
  | 'ListPodSandbox'
  | 'CreateContainer'
  | 'StartContainer'
  | 'StopContainer'
  | 'RemoveContainer'
  | 'ListContainers'
  | 'ContainerStatus'
  | 'ReopenContainerLog'
  | 'ExecSync'
  | 'Exec'
  | 'Attach'
  | 'PortForward'
  | 'ListContainerStats'
  | 'UpdateRuntimeConfig'
  | 'Status'
>

export type ImageCalls = Pick<
  RpcClient<ImageServiceMethods>,
  'ListImages' | 'ImageStatus' | 'PullImage' | 'RemoveImage' | 'ImageFsInfo'
>

/**
 * A container runtime as the kubelet knows it: CRI v1 and nothing else. Over a unix socket it is
 * `connectCri`; a hollow node hands in its runtime's methods directly.
 */
export interface Cri {
  readonly runtime: RuntimeCalls
  readonly images: ImageCalls
  /**
   * Changes of containers as they happen, until the runtime goes away (the iteration throws) or the
   * signal aborts (it returns). A runtime without events throws an RpcError with status
   * UNIMPLEMENTED.
   */
  events(signal: AbortSignal): AsyncIterable<ContainerEventResponse>
  close(): void
}

export type { CallOptions, Message }

/** A runtime that does not answer in this time keeps the kubelet from starting. */
const runtimeStartMs = 60_000

/**
 * Connects to `unix:///path`, waiting for a runtime that is starting; a broken connection is made
 * again by itself.
 */
export async function connectCri(endpoint: string, requestTimeoutMs: number): Promise<Cri> {
  const channel = new RpcChannel(endpoint)
  await channel.ready(runtimeStartMs)
  const runtime = channel.service(RuntimeService)
  return {
    runtime: withTimeout(runtime, requestTimeoutMs),
    images: { ...channel.service(ImageService), ...imageCalls(channel, requestTimeoutMs) },
    events: (signal) => readEvents(runtime, signal),
    close: () => channel.close(),
  }
}

/** A pull takes as long as it takes; questions about images do not. */
function imageCalls(channel: RpcChannel, timeoutMs: number): Omit<ImageCalls, 'PullImage'> {
  const { PullImage: _pull, ...calls } = channel.service(ImageService)
  return withTimeout(calls, timeoutMs)
}

type Calls = Readonly<Record<string, (request: never, options?: CallOptions) => unknown>>

/** Every call ends after the time unless it names another (runtimeRequestTimeout). */
function withTimeout<Methods extends object>(methods: Methods, timeoutMs: number): Methods {
  const timed = Object.entries(methods as Calls).map(([name, call]) => [
    name,
    (request: never, options?: CallOptions) => call(request, { timeoutMs, ...options }),
  ])
  return Object.fromEntries(timed) as Methods
}

async function* readEvents(
  runtime: RpcClient<RuntimeServiceMethods>,
  signal: AbortSignal,
): AsyncIterable<ContainerEventResponse> {
  const stream = runtime.GetContainerEvents({}, { signal })
  try {
    yield* stream
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
