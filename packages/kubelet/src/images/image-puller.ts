import { formatDuration } from '@kemu/base'
import type { Clock } from '@kemu/base'
import type { Container, ObjectReference, Pod } from '@kemu/api'
import type { EventRecorder } from '@kemu/client'
import type { Message } from '@kemu/rpc'
import type { AuthConfig, Image, PodSandboxConfig } from '@kemu/rpc/cri'
import { criErrorText, criMessage } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import { RestartBackoff } from '../runtime/restart-backoff.ts'
import type { ImageUser } from '../runtime/security-context.ts'
import { StartError } from '../runtime/start-error.ts'
import { withDefaultTag } from './image-name.ts'

export interface ImagePullerDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly recorder: EventRecorder
  /** One pull at a time (serializeImagePulls). */
  readonly serialize: boolean
}

export interface ImageRequest {
  readonly pod: Pod
  readonly container: Container
  readonly reference: ObjectReference
  readonly sandboxConfig: Message<PodSandboxConfig>
  readonly runtimeHandler: string
  /** Credentials that may open the image's registry, tried in order; none means anonymous. */
  readonly credentials: readonly Message<AuthConfig>[]
}

/** An image on the node. */
export interface PresentImage {
  readonly ref: string
  /** Whom it runs as unless the pod says otherwise. */
  readonly user: ImageUser
}

/** Errors that a runtime reports by name (cri-api/pkg/errors), and the words for them. */
const namedFailures: Readonly<Record<string, string>> = {
  RegistryUnavailable: 'the registry is unavailable',
  SignatureValidationFailed: 'the signature validation failed',
}

/**
 * Brings images onto the node before a container needs them. Upstream counterpart:
 * images.imageManager.
 */
export class ImagePuller {
  readonly #deps: ImagePullerDeps
  readonly #backoff: RestartBackoff
  readonly #lastFailure = new Map<string, string>()
  #pulling: Promise<unknown> = Promise.resolve()

  constructor(deps: ImagePullerDeps) {
    this.#deps = deps
    // MaxImageBackOff and imageBackOffPeriod, pkg/kubelet.
    this.#backoff = new RestartBackoff(deps.clock, { initialMs: 10_000, maxMs: 300_000 })
  }

  /** Throws a StartError that a pod's status can show. */
  async ensure(request: ImageRequest): Promise<PresentImage> {
    const { container } = request
    const name = container.image ?? ''
    let image: string
    try {
      image = withDefaultTag(name)
    } catch (error) {
      const message = `Failed to apply default image tag "${name}": ${(error as Error).message}`
      this.#tell(request, 'Warning', 'InspectFailed', message)
      throw new StartError('InvalidImageName', message)
    }
    const policy = container.imagePullPolicy ?? 'IfNotPresent'
    if (policy !== 'Always') {
      const present = await this.#find(request, image)
      if (present) {
        const message = `Container image "${name}" already present on machine and can be accessed by the pod`
        this.#tell(request, 'Normal', 'Pulled', message)
        return present
      }
      if (policy === 'Never') {
        const message = `Container image "${name}" is not present with pull policy of Never`
        this.#tell(request, 'Warning', 'ErrImageNeverPull', message)
        throw new StartError('ErrImageNeverPull', message)
      }
    }
    return this.#pull(request, name, image)
  }

  /** Milliseconds until a pull of this image for the pod may be tried again. */
  waitMs(pod: Pod, image: string): number {
    return this.#backoff.leftMs(`${pod.metadata.uid}_${image}`)
  }

  forget(podUid: string): void {
    this.#backoff.forget(`${podUid}_`)
    for (const key of this.#lastFailure.keys())
      if (key.startsWith(`${podUid}_`)) this.#lastFailure.delete(key)
  }

  async #find(request: ImageRequest, image: string): Promise<PresentImage | undefined> {
    const { runtimeHandler } = request
    try {
      const found = await this.#deps.cri.images.ImageStatus({ image: { image, runtimeHandler } })
      return found.image ? { ref: found.image.id, user: userOf(found.image) } : undefined
    } catch (error) {
      const message = `Failed to inspect image "": ${criErrorText(error)}`
      this.#tell(request, 'Warning', 'InspectFailed', message)
      throw new StartError('ImageInspectError', message)
    }
  }

  async #pull(request: ImageRequest, name: string, image: string): Promise<PresentImage> {
    const { clock } = this.#deps
    const key = `${request.pod.metadata.uid}_${name}`
    if (this.#backoff.isWaiting(key)) {
      const message = `Back-off pulling image "${name}"`
      this.#tell(request, 'Normal', 'BackOff', message)
      const last = this.#lastFailure.get(key)
      throw new StartError('ImagePullBackOff', last === undefined ? message : `${message}: ${last}`)
    }
    this.#lastFailure.delete(key)
    this.#tell(request, 'Normal', 'Pulling', `Pulling image "${name}"`)
    const startedAtMs = clock.monotonicMs()
    try {
      const { present, sizeBytes, pullMs } = await this.#serially(() =>
        this.#pullNow(request, image),
      )
      const waitedMs = clock.monotonicMs() - startedAtMs
      const took = `${whole(pullMs)} (${whole(waitedMs)} including waiting)`
      const message = `Successfully pulled image "${name}" in ${took}. Image size: ${sizeBytes} bytes.`
      this.#tell(request, 'Normal', 'Pulled', message)
      return present
    } catch (error) {
      const text = criErrorText(error)
      this.#tell(request, 'Warning', 'Failed', `Failed to pull image "${name}": ${text}`)
      this.#backoff.next(key, clock.now())
      const failure = pullFailure(name, text)
      this.#lastFailure.set(key, `${failure.reason}: ${failure.message}`)
      throw failure
    }
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#deps.serialize) return work()
    const result = this.#pulling.then(work)
    this.#pulling = result.catch(() => undefined)
    return result
  }

  async #pullNow(
    request: ImageRequest,
    image: string,
  ): Promise<{ present: PresentImage; sizeBytes: string; pullMs: number }> {
    const { cri, clock } = this.#deps
    const { sandboxConfig, runtimeHandler, credentials } = request
    const startedAtMs = clock.monotonicMs()
    const spec = { image, annotations: request.pod.metadata.annotations ?? {}, runtimeHandler }
    const tries: (Message<AuthConfig> | undefined)[] =
      credentials.length > 0 ? [...credentials] : [undefined]
    const failures: unknown[] = []
    for (const auth of tries) {
      try {
        const { imageRef } = await cri.images.PullImage({ image: spec, auth, sandboxConfig })
        const pullMs = clock.monotonicMs() - startedAtMs
        const { image: found } = await cri.images.ImageStatus({ image: spec })
        const present = { ref: imageRef, user: found ? userOf(found) : unknownUser }
        return { present, sizeBytes: found?.size ?? '0', pullMs }
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 1) throw failures[0]
    throw new Error(`[${failures.map(criMessage).join(', ')}]`)
  }

  #tell(
    { reference }: ImageRequest,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    this.#deps.recorder.record(reference, type, reason, message)
  }
}

const unknownUser: ImageUser = { uid: undefined, username: '' }

/** CRI gives a number or a name; an image that names nobody runs as root. */
function userOf({ uid, username }: Image): ImageUser {
  if (uid) return { uid: uid.value, username: '' }
  return username === '' ? unknownUser : { uid: undefined, username }
}

function whole(ms: number): string {
  return formatDuration(Math.floor(ms))
}

function pullFailure(image: string, text: string): StartError {
  for (const [reason, words] of Object.entries(namedFailures)) {
    if (!text.startsWith(reason)) continue
    const rest = text.slice(reason.length)
    return new StartError(reason, `image pull failed for ${image} because ${words}${rest}`)
  }
  return new StartError('ErrImagePull', text)
}
