import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  acceptSpdy,
  chooseProtocol,
  offeredProtocols,
  protocolHeader,
  refuseUpgrade,
} from '../handshake.ts'
import { SpdyConnection } from '../spdy/connection.ts'
import type { SpdyStream } from '../spdy/stream.ts'
import { joinStreams } from './forward.ts'
import type { OpenPort } from './forward.ts'

export const portForwardProtocol = 'portforward.k8s.io'

/** One forwarded connection is two streams with the same request id. */
interface StreamPair {
  data?: SpdyStream
  error?: SpdyStream
}

/** Takes a SPDY upgrade request for port-forward; resolves when the client is gone. */
export async function forwardBySpdyRequest(
  request: IncomingMessage,
  socket: Duplex,
  podName: string,
  openPort: OpenPort,
): Promise<void> {
  const offered = offeredProtocols(request, protocolHeader)
  if (chooseProtocol(offered, [portForwardProtocol]) === undefined) {
    const why = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${portForwardProtocol}]\n`
    return refuseUpgrade(socket, offered.length === 0 ? 400 : 403, why)
  }
  acceptSpdy(socket, portForwardProtocol)
  await forwardBySpdy(socket, podName, openPort)
}

/** Serves forwarded connections on a socket that speaks SPDY; resolves when the client is gone. */
export async function forwardBySpdy(
  socket: Duplex,
  podName: string,
  openPort: OpenPort,
): Promise<void> {
  const pairs = new Map<string, StreamPair>()
  const connection = new SpdyConnection(socket, {
    role: 'server',
    onStream: (stream) => {
      const refusal = checkStream(stream)
      if (refusal !== undefined) return refusal
      const id = requestId(stream)
      const pair = pairs.get(id) ?? {}
      const type = stream.headers['streamtype'] === 'data' ? 'data' : 'error'
      if (pair[type])
        return `error processing stream for request ${id}: ${type} stream already assigned`
      pair[type] = stream
      pairs.set(id, pair)
      if (pair.data && pair.error) {
        pairs.delete(id)
        void forwardPair(pair.data, pair.error, podName, openPort)
      }
      return undefined
    },
  })
  await connection.closed
}

function checkStream({ headers }: SpdyStream): string | undefined {
  const port = Number(headers['port'])
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    return `"port" header: ${headers['port']} is not a port`
  const type = headers['streamtype']
  return type === 'data' || type === 'error' ? undefined : `invalid stream type "${type}"`
}

/** Clients before Kubernetes 1.2 send no id; their two streams have neighbouring numbers. */
function requestId({ id, headers }: SpdyStream): string {
  return headers['requestid'] ?? String(headers['streamtype'] === 'error' ? id : id - 2)
}

async function forwardPair(
  data: SpdyStream,
  error: SpdyStream,
  podName: string,
  openPort: OpenPort,
): Promise<void> {
  const port = Number(data.headers['port'])
  try {
    await joinStreams(data, await openPort(port))
    error.end()
  } catch (cause) {
    error.end(forwardError(port, podName, cause), () => data.reset())
  }
  error.resume()
}

export function forwardError(port: number, podName: string, cause: unknown): string {
  const why = cause instanceof Error ? cause.message : String(cause)
  return `error forwarding port ${port} to pod ${podName}, uid : ${why}`
}
