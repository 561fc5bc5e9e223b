import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Pod } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Cri } from '../cri/cri.ts'
import { findContainer } from '../cri/observed-pod.ts'
import type { ObservedPod } from '../cri/observed-pod.ts'
import type { Kubelet } from '../kubelet.ts'
import { containerSpec } from '../sync/pod-spec.ts'
import { HttpError } from './http-error.ts'
import { parseLogOptions } from './log-options.ts'
import { readLog } from './log-reader.ts'
import { logTarget } from './log-target.ts'
import { attachUrl, execUrl, portForwardUrl } from './stream-request.ts'

export interface ContainerRoutesDeps {
  readonly kubelet: Kubelet
  readonly cri: Cri
  readonly clock: Clock
}

/** Logs, exec, attach, port-forward and run: paths that name a pod. */
export class ContainerRoutes {
  readonly #deps: ContainerRoutesDeps

  constructor(deps: ContainerRoutesDeps) {
    this.#deps = deps
  }

  /** Answers false when the path is not one of these. */
  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const [, verb, ...rest] = url.pathname.split('/').map(decodeURIComponent)
    switch (verb) {
      case 'containerLogs':
        if (request.method !== 'GET' || rest.length !== 3) return false
        await this.#logs(response, rest, url.searchParams)
        return true
      case 'run':
        if (request.method !== 'POST' || rest.length < 3) return false
        await this.#run(response, rest, url.searchParams)
        return true
      case 'exec':
      case 'attach':
      case 'portForward':
        throw new HttpError(400, 'Upgrade request required')
      default:
        return false
    }
  }

  /** Where a request for an interactive stream goes. */
  async streamTarget({ pathname, searchParams }: URL): Promise<URL> {
    const { cri } = this.#deps
    const [, verb, ...rest] = pathname.split('/').map(decodeURIComponent)
    switch (verb) {
      case 'exec':
        return execUrl(cri, this.#container(rest, execRefusal).id, searchParams)
      case 'attach':
        return attachUrl(cri, this.#container(rest, attachRefusal), searchParams)
      case 'portForward':
        return portForwardUrl(cri, this.#sandboxId(rest), searchParams)
      default:
        throw new HttpError(404, '404 page not found\n')
    }
  }

  async #logs(
    response: ServerResponse,
    [namespace = '', podName = '', containerName = '']: readonly string[],
    query: URLSearchParams,
  ): Promise<void> {
    const { kubelet, clock } = this.#deps
    const options = parseLogOptions(query, clock.now())
    const pod = kubelet.registry.byName(namespace, podName)
    if (!pod) throw new HttpError(404, `pod "${podName}" does not exist`)
    if (!containerSpec(pod, containerName))
      throw new HttpError(404, `container "${containerName}" not found in pod "${podName}"`)
    const { uid } = pod.metadata
    const status = kubelet.statuses.get(uid) ?? pod.status
    const id = logTarget(podName, status, containerName, options.previous)
    const seen = (): ObservedPod | undefined => kubelet.pleg.get(uid)
    const container = seen()?.containers.find((c) => c.id === id)
    if (!container)
      throw new HttpError(400, `failed to get container status "${id}": container is gone`)
    const isRunning = (): boolean =>
      seen()?.containers.find((c) => c.id === id)?.state === 'running'
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
    response.flushHeaders()
    const source = { path: container.logPath, isRunning }
    await readLog(clock, source, options, (chunk) => write(response, chunk), gone.signal)
    response.end()
  }

  async #run(
    response: ServerResponse,
    path: readonly string[],
    query: URLSearchParams,
  ): Promise<void> {
    const { id: containerId } = this.#container(path, execRefusal)
    const cmd = (query.get('cmd') ?? '').split(' ')
    const { cri } = this.#deps
    const { stdout, stderr, exitCode } = await cri.runtime.ExecSync(
      { containerId, cmd, timeout: '0' },
      { timeoutMs: undefined },
    )
    const output = Buffer.concat([stdout, stderr])
    if (exitCode !== 0)
      throw new HttpError(
        500,
        `command '${cmd.join(' ')}' exited with ${exitCode}: ${output.toString()}`,
      )
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(output)
  }

  /** namespace/pod/container or namespace/pod/uid/container; only containers that run can be spoken with. */
  #container(
    path: readonly string[],
    refusal: (container: string, path: readonly string[]) => string,
  ): { id: string; tty: boolean } {
    const containerName = path.at(-1) ?? ''
    const { pod, observed } = this.#pod(path, path.length === 4 ? path[2] : undefined)
    const spec = containerSpec(pod, containerName)
    const container = observed && findContainer(observed, containerName)
    if (!spec || !container || container.state === 'exited')
      throw new HttpError(500, refusal(containerName, path))
    return { id: container.id, tty: spec.tty ?? false }
  }

  /** namespace/pod or namespace/pod/uid. */
  #sandboxId(path: readonly string[]): string {
    const { observed } = this.#pod(path, path[2])
    const sandbox = observed?.sandboxes.find(({ ready }) => ready)
    if (!sandbox) throw new HttpError(404, `pod not found ("${path[1]}_${path[0]}")`)
    return sandbox.id
  }

  #pod(
    [namespace = '', name = '']: readonly string[],
    uid: string | undefined,
  ): { pod: Pod; observed: ObservedPod | undefined } {
    const { registry, pleg } = this.#deps.kubelet
    const pod = registry.byName(namespace, name)
    const apiUid = pod && registry.apiPodOf(pod)?.metadata.uid
    if (!pod || (uid && uid !== pod.metadata.uid && uid !== apiUid))
      throw new HttpError(404, 'pod does not exist')
    return { pod, observed: pleg.get(pod.metadata.uid) }
  }
}

function execRefusal(container: string): string {
  return `container not found ("${container}")`
}

function attachRefusal(container: string, [namespace = '', pod = '']: readonly string[]): string {
  return `container ${container} not found in pod ${pod}_${namespace}`
}

/** Resolves when the caller has room for more. */
function write(response: ServerResponse, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed || response.write(chunk)) return resolve()
    const go = (): void => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.on('drain', go)
    response.on('close', go)
  })
}
