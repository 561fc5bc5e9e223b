import { request } from 'node:http'

/** How a steady stream of requests went. */
export interface LoadResult {
  readonly sent: number
  readonly failures: readonly string[]
  /** Answers by their text. */
  readonly answers: ReadonlyMap<string, number>
}

/** Sends requests at a steady rate on fresh connections until it is stopped, or at most `most` of them. */
export class SteadyLoad {
  readonly #url: string
  readonly #timer: NodeJS.Timeout
  readonly #pending = new Set<Promise<void>>()
  readonly #failures: string[] = []
  readonly #answers = new Map<string, number>()
  #sent = 0

  constructor(url: string, perSecond: number, most = 20_000) {
    this.#url = url
    const perTick = Math.max(1, Math.round(perSecond / 100))
    this.#timer = setInterval(
      () => {
        for (let i = 0; i < perTick && this.#sent < most; i++) this.#send()
      },
      (1000 * perTick) / perSecond,
    )
  }

  get sent(): number {
    return this.#sent
  }

  async stop(): Promise<LoadResult> {
    clearInterval(this.#timer)
    await Promise.all(this.#pending)
    return { sent: this.#sent, failures: this.#failures, answers: this.#answers }
  }

  #send(): void {
    this.#sent++
    const asked = fetchOnce(this.#url)
      .then((text) => void this.#answers.set(text, (this.#answers.get(text) ?? 0) + 1))
      .catch((error: Error) => void this.#failures.push(error.message))
      .finally(() => this.#pending.delete(asked))
    this.#pending.add(asked)
  }
}

/** One GET on a connection of its own; anything but 200 is an error. */
export function fetchOnce(url: string, timeoutMs = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: timeoutMs }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        answer.statusCode === 200
          ? resolve(text.trim())
          : reject(new Error(`answered ${answer.statusCode}`)),
      )
    })
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    asked.once('error', reject)
    asked.end()
  })
}
