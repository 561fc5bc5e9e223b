import type { PlainRequest } from './request/api-request.ts'
import type { ApiResponse } from './request/api-response.ts'

/** One thing that must work. */
export interface HealthCheck {
  readonly name: string
  /** Undefined when all is well, else why not (for the log; callers read only that it failed). */
  check(): Promise<string | undefined> | string | undefined
  /** `readyz` only: the server lives, but shall get no traffic yet. */
  readonly readinessOnly?: boolean
}

/** /healthz, /livez and /readyz: each check in turn, by name, with ?verbose and ?exclude=. */
export class Health {
  readonly #checks: HealthCheck[] = []

  add(check: HealthCheck): void {
    this.#checks.push(check)
  }

  /** `/livez`, `/livez/ping` ...: what can be asked for. */
  get paths(): string[] {
    return ['healthz', 'livez', 'readyz'].flatMap((root) => [
      `/${root}`,
      ...this.#checksOf(root).map(({ name }) => `/${root}/${name}`),
    ])
  }

  /** Undefined for another path. */
  async answer({ path, query }: PlainRequest): Promise<ApiResponse | undefined> {
    const match = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(path)
    if (!match) return undefined
    const [, root = '', one] = match
    const checks = this.#checksOf(root)
    if (one !== undefined) {
      const single = checks.find(({ name }) => name === one)
      return single && this.#single(single, query)
    }
    return this.#all(root, checks, query)
  }

  #checksOf(root: string): readonly HealthCheck[] {
    return this.#checks.filter(({ readinessOnly }) => root === 'readyz' || readinessOnly !== true)
  }

  async #single(check: HealthCheck, query: URLSearchParams): Promise<ApiResponse> {
    const problem = await check.check()
    if (problem !== undefined) return text(500, `internal server error: ${problem}\n`)
    return text(200, query.has('verbose') ? `${check.name} check passed\n` : 'ok')
  }

  async #all(
    root: string,
    checks: readonly HealthCheck[],
    query: URLSearchParams,
  ): Promise<ApiResponse> {
    const excluded = new Set(query.getAll('exclude'))
    const lines: string[] = []
    let healthy = true
    for (const check of checks) {
      if (excluded.delete(check.name)) {
        lines.push(`[+]${check.name} excluded: ok\n`)
        continue
      }
      const problem = await check.check()
      healthy &&= problem === undefined
      lines.push(
        problem === undefined
          ? `[+]${check.name} ok\n`
          : `[-]${check.name} failed: reason withheld\n`,
      )
    }
    if (!healthy) return text(500, `${lines.join('')}${root} check failed\n`)
    if (!query.has('verbose')) return text(200, 'ok')
    const unknown = [...excluded].map((name) => JSON.stringify(name)).join(', ')
    const warning =
      unknown === ''
        ? ''
        : `warn: some health checks cannot be excluded: no matches for ${unknown}\n`
    return text(200, `${lines.join('')}${warning}${root} check passed\n`)
  }
}

function text(code: number, body: string): ApiResponse {
  return {
    form: 'bytes',
    code,
    contentType: 'text/plain; charset=utf-8',
    body: Buffer.from(body),
    headers: { 'X-Content-Type-Options': 'nosniff' },
  }
}
