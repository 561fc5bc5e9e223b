/** What plain HTTP answers need of Node's request; over HTTP/2 it is ours (http2-exchange.ts). */
export interface HttpRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'end', listener: () => void): unknown
}

/** Likewise of Node's response. */
export interface HttpResponse {
  readonly headersSent: boolean
  readonly writableLength: number
  setHeader(name: string, value: string): unknown
  writeHead(status: number, headers?: Readonly<Record<string, string>>): HttpResponse
  write(text: string): unknown
  end(text?: string): unknown
  /** `close` comes when the client is gone, also after a whole answer. */
  on(event: 'close' | 'drain', listener: () => void): unknown
}

export type HttpListener = (request: HttpRequest, response: HttpResponse) => void
