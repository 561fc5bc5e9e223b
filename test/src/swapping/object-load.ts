import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'

interface Answer {
  readonly code: number
  readonly body: string
}

interface Page {
  readonly items: readonly unknown[]
  readonly metadata: { readonly continue?: string }
}

const atOnce = 32
const pageSize = 500
/** Tells them from what controllers put into every namespace. */
const labels = { part: 'load' }

/** Many small objects through an API server's REST door, over connections that stay. */
export class ObjectLoad {
  readonly #agent: Agent
  readonly #server: URL
  readonly #path: string

  constructor(kubeconfig: string, namespace: string) {
    const text = readFileSync(kubeconfig, 'utf8')
    const field = (name: string): string => new RegExp(`${name}: (.*)`).exec(text)![1]!
    const pem = (name: string): Buffer => Buffer.from(field(`${name}-data`), 'base64')
    this.#server = new URL(field('server'))
    this.#path = `/api/v1/namespaces/${namespace}/configmaps`
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: atOnce,
      ca: pem('certificate-authority'),
      cert: pem('client-certificate'),
      key: pem('client-key'),
    })
  }

  /** Creates so many; any refusal is an error. */
  async create(count: number): Promise<void> {
    let next = 0
    const one = async (): Promise<void> => {
      while (next < count) {
        const name = `c${next++}`
        const object = { metadata: { name, labels }, data: { text: 'x'.repeat(200) } }
        const { code, body } = await this.#ask('POST', this.#path, JSON.stringify(object))
        if (code !== 201) throw new Error(`${name}: ${code} ${body}`)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, one))
  }

  /** How many there are, counted in pages. */
  async count(): Promise<number> {
    let found = 0
    let token = ''
    do {
      const limit = String(pageSize)
      const query = new URLSearchParams({ labelSelector: 'part=load', limit, continue: token })
      const { code, body } = await this.#ask('GET', `${this.#path}?${query.toString()}`)
      if (code !== 200) throw new Error(`${code} ${body}`)
      const { items, metadata } = JSON.parse(body) as Page
      found += items.length
      token = metadata.continue ?? ''
    } while (token !== '')
    return found
  }

  close(): void {
    this.#agent.destroy()
  }

  #ask(method: string, path: string, body = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length }
      const { hostname, port } = this.#server
      const options = { agent: this.#agent, method, hostname, port, path, headers }
      const asked = request(options, (answer) => {
        const pieces: Buffer[] = []
        answer.on('data', (piece: Buffer) => pieces.push(piece))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ code: answer.statusCode ?? 0, body: Buffer.concat(pieces).toString() }),
        )
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }
}
