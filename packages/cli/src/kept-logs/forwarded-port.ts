import { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { ClusterAccess } from '@kemu/client'

/** The oldest of the port-forward protocols over WebSockets; every API server speaks it. */
const protocol = 'v4.channel.k8s.io'
const dataChannel = 0
const errorChannel = 1

/** The pod's port did not answer; the message is the server's. */
export class PortForwardError extends Error {
  override name = 'PortForwardError'
}

/**
 * A connection to a port of a pod through the API server, which works wherever that can be reached. A frame begins with
 * its channel; the first one of each channel repeats the port.
 */
export class ForwardedPort extends Duplex {
  readonly #webSocket: WebSocket
  readonly #opened = new Set<number>()

  private constructor(webSocket: WebSocket) {
    super()
    this.#webSocket = webSocket
    webSocket.on('message', (data: Buffer) => this.#receive(data))
    webSocket.on('close', () => this.push(null))
    webSocket.on('error', (error) => this.destroy(error))
  }

  static open(
    access: ClusterAccess,
    namespace: string,
    pod: string,
    port: number,
  ): Promise<ForwardedPort> {
    const url = new URL(access.server.replace(/^http/, 'ws'))
    url.pathname = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward`
    url.search = `ports=${port}`
    const token = access.token?.()
    const webSocket = new WebSocket(url, [protocol], {
      ca: access.ca,
      cert: access.cert,
      key: access.key,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    })
    const forwarded = new ForwardedPort(webSocket)
    return new Promise((resolve, reject) => {
      forwarded.once('error', reject)
      webSocket.once('open', () => {
        webSocket.pause() // until somebody reads, who also hears of errors
        forwarded.off('error', reject)
        resolve(forwarded)
      })
    })
  }

  override _read(): void {
    this.#webSocket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#webSocket.send(Buffer.concat([Buffer.from([dataChannel]), chunk]), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#webSocket.close()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#webSocket.terminate()
    done(error)
  }

  #receive(frame: Buffer): void {
    const channel = frame[0]!
    if (!this.#opened.has(channel)) {
      this.#opened.add(channel)
      return
    }
    const bytes = frame.subarray(1)
    if (channel === errorChannel) this.destroy(new PortForwardError(bytes.toString().trim()))
    else if (!this.push(bytes)) this.#webSocket.pause()
  }
}
