import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'

/** What must answer, or be there, for the host to be called well. */
export interface HealthChecks {
  /** Asked with GET; 200 is well. */
  readonly urls: readonly string[]
  /** PEM file of the authority of https servers. */
  readonly caFile: string
  /** Files that must stand. */
  readonly files: readonly string[]
}

const answerWithinMs = 3_000

/** Serves /healthz of the whole host: asked by a container engine's health check, whose own programs stay small. */
export function serveHealth(address: string, checks: HealthChecks): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/healthz') {
      response.writeHead(404).end()
      return
    }
    void findFailures(checks).then((failures) => {
      const text = failures.length === 0 ? 'ok' : failures.join('\n')
      response.writeHead(failures.length === 0 ? 200 : 503).end(`${text}\n`)
    })
  })
  const at = address.lastIndexOf(':')
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const place = { host: address.slice(0, at), port: Number(address.slice(at + 1)) }
    server.listen(place, () => resolve(server))
  })
}

async function findFailures({ urls, caFile, files }: HealthChecks): Promise<string[]> {
  const answers = await Promise.all(urls.map((url) => failureOf(url, caFile)))
  const missing = files
    .filter((file) => !existsSync(file))
    .map((file) => `${file} is not there yet`)
  return [...answers.filter((failure) => failure !== undefined), ...missing]
}

async function failureOf(url: string, caFile: string): Promise<string | undefined> {
  const secure = url.startsWith('https:')
  const { request } = secure ? await import('node:https') : await import('node:http')
  return new Promise((resolve) => {
    const trust = secure ? { ca: readFileSync(caFile) } : {}
    const asked = request(url, { ...trust, agent: false, timeout: answerWithinMs }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200 ? undefined : `${url} answered ${answer.statusCode}`)
    })
    asked.once('timeout', () => asked.destroy(new Error(`no answer in ${answerWithinMs} ms`)))
    asked.once('error', (error) => resolve(`${url}: ${error.message}`))
    asked.end()
  })
}
