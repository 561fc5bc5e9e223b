import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { Placement } from '../plugins/plugin.ts'

export interface Page {
  readonly code: number
  readonly type: string
  readonly text: string
}

/** Serves one page; the address is the Corefile's, put where this process may listen. */
export class HttpPage {
  readonly #path: string
  readonly #render: () => Page
  #server: Server | undefined

  constructor(path: string, render: () => Page) {
    this.#path = path
    this.#render = render
  }

  async open({ host, port }: { host: string; port: number }, place: Placement): Promise<void> {
    const server = createServer((request, response) => {
      request.resume()
      const isIt = (request.url ?? '').split('?')[0] === this.#path
      const { code, type, text } = isIt ? this.#render() : notFound
      response.writeHead(code, { 'content-type': type }).end(text)
    })
    const at = host === '' || host === 'localhost' ? place.host : host
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port: place.port(port), ...(at !== '' && { host: at }) }, resolve)
    })
    this.#server = server
  }

  close(): void {
    this.#server?.close()
    this.#server?.closeAllConnections()
  }
}

/** What Go's ServeMux says of other paths. */
const notFound: Page = {
  code: 404,
  type: 'text/plain; charset=utf-8',
  text: '404 page not found\n',
}
