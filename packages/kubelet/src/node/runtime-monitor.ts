import type { ContainerImage, NodeRuntimeHandler } from '@kemu/api'
import type { Clock, Logger, Timer } from '@kemu/base'
import { criErrorText } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import { imagesMax, namesPerImageMax } from './node-status.ts'
import type { RuntimeFacts, RuntimeGaps } from './node-status.ts'

export interface RuntimeMonitorDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly logger: Logger
}

/** Between questions while all is well, while the runtime is away, and while only pods' network is missing. */
const calmMs = 10_000
const troubledMs = 250
const networklessMs = 5_000 // runtimeStateUpdatePeriod upstream; who sees the network appear calls `recheck`

const nothingKnown: RuntimeFacts = {
  name: '',
  version: '',
  problems: ['container runtime status check may not have completed yet'],
  handlers: [],
  supplementalGroupsPolicy: false,
  gaps: {},
  images: [],
}

/** Asks the runtime how it is, often while it is in trouble, and tells of changes. */
export class RuntimeMonitor {
  readonly #deps: RuntimeMonitorDeps
  readonly #changed: () => void
  #facts = nothingKnown
  #networkProblem: string | undefined = nothingKnown.problems[0]
  #gaps: RuntimeGaps | undefined
  #timer: Timer | undefined
  #closed = false
  #asking: Promise<void> | undefined

  constructor(deps: RuntimeMonitorDeps, changed: () => void) {
    this.#deps = deps
    this.#changed = changed
  }

  get facts(): RuntimeFacts {
    return this.#facts
  }

  /** Why pods with addresses of their own cannot start; undefined when they can. */
  get networkProblem(): string | undefined {
    return this.#networkProblem
  }

  async start(): Promise<void> {
    await this.check()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  /** Asks now; calls that come meanwhile share the answer. */
  check(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  /** Asks about what has just changed: an answer that is on its way may be older than that. */
  async recheck(): Promise<void> {
    await this.#asking
    await this.check()
  }

  async setPodCidr(podCidr: string): Promise<void> {
    const runtimeConfig = { networkConfig: { podCidr } }
    await this.#deps.cri.runtime.UpdateRuntimeConfig({ runtimeConfig })
    this.#deps.logger.info('Updating Pod CIDR', { podCidr })
    await this.check()
  }

  async #ask(): Promise<void> {
    const before = JSON.stringify([this.#facts, this.#networkProblem])
    try {
      await this.#read()
    } catch (error) {
      const problem = `container runtime is down: ${criErrorText(error)}`
      this.#facts = { ...this.#facts, problems: [problem] }
    }
    if (this.#closed) return
    this.#timer?.cancel()
    this.#timer = this.#deps.clock.setTimer(this.#waitMs(), () => void this.check())
    if (JSON.stringify([this.#facts, this.#networkProblem]) !== before) this.#changed()
  }

  #waitMs(): number {
    const { problems } = this.#facts
    if (problems.length === 0) return calmMs
    return problems.every((problem) => problem === this.#networkProblem)
      ? networklessMs
      : troubledMs
  }

  async #read(): Promise<void> {
    const { runtime, images } = this.#deps.cri
    const [version, answer, list] = await Promise.all([
      runtime.Version({ version: '0.1.0' }),
      runtime.Status({ verbose: this.#gaps === undefined }),
      images.ListImages({}),
    ])
    this.#gaps ??= readGaps(answer.info)
    const conditions = answer.status?.conditions ?? []
    const of = (type: string) => conditions.find((condition) => condition.type === type)
    const problems: string[] = []
    const ready = of('RuntimeReady')
    const network = of('NetworkReady')
    if (!ready?.status)
      problems.push(`container runtime not ready: ${conditionText('RuntimeReady', ready)}`)
    this.#networkProblem = network?.status
      ? undefined
      : `container runtime network not ready: ${conditionText('NetworkReady', network)}`
    if (this.#networkProblem !== undefined) problems.push(this.#networkProblem)
    this.#facts = {
      name: version.runtimeName,
      version: version.runtimeVersion.replace(/^v/, ''),
      problems,
      handlers: answer.runtimeHandlers.map(handlerOf),
      supplementalGroupsPolicy: answer.features?.supplementalGroupsPolicy ?? false,
      images: imagesOf(list.images),
      gaps: this.#gaps,
    }
  }
}

/** What the process handler of kemu says of itself: `not enforced: <what or why>`. */
function readGaps(info: Readonly<Record<string, string>>): RuntimeGaps {
  const told = JSON.parse(info['process'] ?? '{}') as Record<string, unknown>
  const gap = (name: string): string | undefined =>
    /^not enforced: (.*)/.exec(String(told[name]))?.[1]
  return { limits: gap('resourceLimits'), securityContexts: gap('securityContexts') }
}

function conditionText(
  type: string,
  condition: { status: boolean; reason: string; message: string } | undefined,
): string {
  const { status = false, reason = '', message = '' } = condition ?? {}
  return `${type}=${status} reason:${reason} message:${message}`
}

function handlerOf({
  name,
  features,
}: {
  name: string
  features?: { recursiveReadOnlyMounts: boolean; userNamespaces: boolean } | null
}): NodeRuntimeHandler {
  return {
    name,
    features: {
      recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
      userNamespaces: features?.userNamespaces ?? false,
    },
  }
}

/** Largest first, as many as a node's status may show. */
function imagesOf(
  list: readonly { repoTags: string[]; repoDigests: string[]; size: string }[],
): ContainerImage[] {
  return list
    .map(({ repoTags, repoDigests, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, namesPerImageMax),
      sizeBytes: Number(size),
    }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, imagesMax)
}
