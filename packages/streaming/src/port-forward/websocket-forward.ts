import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketChannels } from '../websocket/channels.ts'
import { joinStreams } from './forward.ts'
import type { OpenPort } from './forward.ts'
import { forwardError } from './spdy-forward.ts'

export const webSocketForwardProtocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const

/**
 * One connection for each port, known from the start: channel 2n carries data and 2n + 1 errors; each begins with the
 * port as two bytes, low byte first.
 */
export async function forwardByChannels(
  webSocket: WebSocket,
  protocol: string,
  ports: readonly number[],
  podName: string,
  openPort: OpenPort,
): Promise<void> {
  const channels = new WebSocketChannels(
    webSocket,
    protocol.includes('base64') ? 'base64' : 'binary',
  )
  await Promise.all(
    ports.map((port, i) => forwardChannel(channels, 2 * i, port, podName, openPort)),
  )
  channels.close()
  await channels.closed
}

async function forwardChannel(
  channels: WebSocketChannels,
  channel: number,
  port: number,
  podName: string,
  openPort: OpenPort,
): Promise<void> {
  const client = Duplex.from({
    readable: channels.reader(channel),
    writable: channels.writer(channel),
  })
  const header = Buffer.from([port & 0xff, port >> 8])
  await channels.send(channel, header)
  await channels.send(channel + 1, header)
  try {
    await joinStreams(client, await openPort(port))
  } catch (cause) {
    await channels.send(channel + 1, Buffer.from(forwardError(port, podName, cause)))
  }
}
