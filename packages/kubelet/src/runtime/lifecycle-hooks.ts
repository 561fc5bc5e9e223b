import type { Container, LifecycleHandler, Pod } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import type { EventRecorder } from '@kemu/client'
import { criErrorText } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import { get, httpTarget } from '../probe/http-get.ts'
import { podReference, podText } from '../sync/pod-spec.ts'

export interface LifecycleHooksDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly logger: Logger
  readonly recorder: EventRecorder
  readonly reachablePort: (host: string, port: number) => number
}

export interface HookTarget {
  readonly pod: Pod
  readonly container: Container
  readonly containerId: string
  /** Where an httpGet without a host goes. */
  readonly podIp: string
}

/**
 * A hook that failed; the message is for the pod's status, never for an event: it may show secrets.
 */
class HookError extends Error {
  override name = 'HookError'
}

/** http.Client's default: none. A hook is cut off by its container's grace period. */
const noTimeoutMs = 0

/**
 * Runs what a pod wants done after a container's start and before its stop (pkg/kubelet/lifecycle).
 */
export class LifecycleHooks {
  readonly #deps: LifecycleHooksDeps

  constructor(deps: LifecycleHooksDeps) {
    this.#deps = deps
  }

  async run(target: HookTarget, handler: LifecycleHandler, signal?: AbortSignal): Promise<void> {
    const { exec, httpGet, sleep: pause } = handler
    if (exec) await this.#exec(target, exec.command ?? [])
    else if (httpGet) await this.#get(target, httpGet)
    else if (pause) {
      if (!(await sleep(this.#deps.clock, pause.seconds * 1000, signal)))
        throw new HookError('container terminated before sleep hook finished')
    } else throw new HookError('Cannot run handler: invalid handler')
  }

  async #exec({ pod, container, containerId }: HookTarget, command: string[]): Promise<void> {
    const failed = (why: string, output: string): HookError =>
      new HookError(
        `Exec lifecycle hook (${goList(command)}) for Container "${container.name}" in Pod "${podText(pod)}" failed - error: ${why}, message: ${JSON.stringify(output)}`,
      )
    let answer
    try {
      answer = await this.#deps.cri.runtime.ExecSync(
        { containerId, cmd: command, timeout: '0' },
        { timeoutMs: undefined },
      )
    } catch (error) {
      throw failed(criErrorText(error), '')
    }
    const { stdout, stderr, exitCode } = answer
    if (exitCode === 0) return
    const output = Buffer.concat([stdout, stderr]).toString()
    throw failed(`command '${command.join(' ')}' exited with ${exitCode}: ${output}`, output)
  }

  async #get(
    { pod, container, podIp }: HookTarget,
    action: NonNullable<LifecycleHandler['httpGet']>,
  ): Promise<void> {
    const { recorder, logger, reachablePort, clock } = this.#deps
    try {
      const target = httpTarget(action, container, podIp, 'lifecycle')
      const real = { ...target, port: reachablePort(target.host, target.port) }
      try {
        await get(clock, real, noTimeoutMs)
      } catch (error) {
        if (real.scheme !== 'https' || !answersPlainly(error)) throw error
        await get(clock, { ...real, scheme: 'http' }, noTimeoutMs)
        logger.info('HTTPS lifecycle hook answered HTTP', { pod: pod.metadata.name })
        const message = `request to HTTPS lifecycle hook ${target.host}:${target.port} got HTTP response, retry with HTTP succeeded`
        recorder.record(podReference(pod), 'Warning', 'LifecycleHTTPFallback', message)
      }
    } catch (error) {
      throw new HookError(
        `HTTP lifecycle hook (${action.path ?? ''}) for Container "${container.name}" in Pod "${podText(pod)}" failed - error: ${(error as Error).message}`,
        { cause: error },
      )
    }
  }
}

function answersPlainly(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER'
}

function goList(words: readonly string[]): string {
  return `[${words.join(' ')}]`
}
