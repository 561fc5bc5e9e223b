import { plainHeaders } from '@kemu/rpc/http2'
import type { Headers, MessageStream, StreamListener } from '@kemu/rpc/http2'
import type { HttpListener, HttpRequest, HttpResponse } from './exchange.ts'

/** A request over HTTP/2 that is no gRPC call, answered like one over HTTP/1.1: what comes over TLS is often such. */
export function answerPlainly(stream: MessageStream, headers: Headers, onHttp: HttpListener): void {
  const request = new Http2Request(headers)
  const response = new Http2Response(stream)
  stream.listener = listenerOf(request, response)
  onHttp(request, response)
}

function listenerOf(request: Http2Request, response: Http2Response): StreamListener {
  return {
    onData: (bytes) => request.push(bytes),
    onEnd: () => request.finish(),
    onAbort: () => response.close(),
    onDrain: () => response.drained(),
  }
}

class Http2Request implements HttpRequest {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: Headers
  readonly #early: Buffer[] = []
  #onData: ((chunk: Buffer) => void) | undefined
  #onEnd: (() => void) | undefined
  #isEnded = false

  constructor(headers: Headers) {
    this.headers = headers
    this.method = headers[':method']
    this.url = headers[':path']
  }

  on(event: 'data' | 'end', listener: (chunk: Buffer) => void): void {
    if (event === 'end') {
      const onEnd = listener as () => void
      if (this.#isEnded) process.nextTick(onEnd)
      else this.#onEnd = onEnd
      return
    }
    this.#onData = listener
    for (const chunk of this.#early.splice(0)) listener(chunk)
  }

  push(bytes: Buffer): void {
    // The connection uses its buffer again.
    if (this.#onData) this.#onData(bytes)
    else this.#early.push(Buffer.from(bytes))
  }

  finish(): void {
    this.#isEnded = true
    this.#onEnd?.()
  }
}

class Http2Response implements HttpResponse {
  readonly #stream: MessageStream
  readonly #headers: Record<string, string> = {}
  readonly #listeners = { close: () => {}, drain: () => {} }
  headersSent = false

  constructor(stream: MessageStream) {
    this.#stream = stream
  }

  get writableLength(): number {
    return this.#stream.backlogBytes
  }

  setHeader(name: string, value: string): void {
    this.#headers[name.toLowerCase()] = value
  }

  writeHead(status: number, headers: Readonly<Record<string, string>> = {}): this {
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value)
    this.headersSent = true
    this.#stream.writeHeaders(plainHeaders(status, this.#headers), false)
    return this
  }

  write(text: string): void {
    this.#stream.writeData(Buffer.from(text))
  }

  end(text = ''): void {
    if (text !== '') this.write(text)
    this.#stream.end()
    this.close()
  }

  on(event: 'close' | 'drain', listener: () => void): void {
    this.#listeners[event] = listener
  }

  close(): void {
    this.#listeners.close()
    this.#listeners.close = () => {}
  }

  drained(): void {
    this.#listeners.drain()
  }
}
