import { request } from 'node:http'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'

/** The client's side of an upgrade: the socket after 101, or the code and text of a refusal. */
export function upgrade(
  url: URL,
  headers: OutgoingHttpHeaders,
): Promise<{ socket: Duplex } | { code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: false, headers })
    sent.on('upgrade', (_answer, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head)
      resolve({ socket })
    })
    sent.on('response', (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** The headers with which kubectl asks for SPDY. */
export function spdyHeaders(...protocols: readonly string[]): OutgoingHttpHeaders {
  return {
    Connection: 'Upgrade',
    Upgrade: 'SPDY/3.1',
    ...(protocols.length > 0 && { 'X-Stream-Protocol-Version': [...protocols] }),
  }
}
