import { connect } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http2'
import { formatDuration } from '@kemu/base'
import type { Clock } from '@kemu/base'
import type { ProbeOutcome } from './probe-outcome.ts'

const failure = (output: string): ProbeOutcome => ({ result: 'failure', output })

const statusNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

interface Reply {
  readonly grpcStatus: number
  readonly grpcMessage: string
  readonly body: Buffer
}

/**
 * Asks grpc.health.v1.Health/Check, without TLS, as pkg/probe/grpc does. Spoken by hand over
 * HTTP/2: one tiny message does not need a channel of its own for each probe.
 */
export async function probeGrpc(
  clock: Clock,
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const within = formatDuration(timeoutMs)
  let reply: Reply
  try {
    reply = await check(clock, address, service, timeoutMs)
  } catch (error) {
    const { phase, message } = error as CheckError
    return phase === 'connect'
      ? failure(`timeout: failed to connect service "${address}" within ${within}: ${message}`)
      : failure(`timeout: health rpc did not complete within ${within}`)
  }
  if (reply.grpcStatus === 12)
    return failure(
      `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${reply.grpcMessage}`,
    )
  if (reply.grpcStatus !== 0)
    return failure(
      `error: health rpc probe failed: rpc error: code = ${codeName(reply.grpcStatus)} desc = ${reply.grpcMessage}`,
    )
  const status = servingStatus(reply.body)
  if (status !== 1)
    return failure(`service unhealthy (responded with "${statusNames[status] ?? status}")`)
  return { result: 'success', output: 'service healthy' }
}

class CheckError extends Error {
  readonly phase: 'connect' | 'call'

  constructor(phase: 'connect' | 'call', message: string) {
    super(message)
    this.phase = phase
  }
}

function check(clock: Clock, address: string, service: string, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`)
    let phase: 'connect' | 'call' = 'connect'
    const fail = (message: string): void => {
      session.destroy()
      reject(new CheckError(phase, message))
    }
    const timer = clock.setTimer(timeoutMs, () => fail('context deadline exceeded'))
    session.on('close', () => timer.cancel())
    session.on('error', () => fail('context deadline exceeded'))
    session.on('connect', () => {
      phase = 'call'
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
        'user-agent': 'kube-probe/1.36',
      })
      const chunks: Buffer[] = []
      let headers: IncomingHttpHeaders = {}
      const note = (more: IncomingHttpHeaders): void => {
        headers = { ...headers, ...more }
      }
      stream.on('response', note)
      stream.on('trailers', note)
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', () => fail('the stream broke'))
      stream.on('end', () => {
        session.close()
        resolve({
          grpcStatus: Number(headers['grpc-status'] ?? 2),
          grpcMessage: decodeURIComponent([headers['grpc-message'] ?? ''].flat()[0]!),
          body: Buffer.concat(chunks),
        })
      })
      stream.end(healthRequest(service))
    })
  })
}

/** Length-prefixed HealthCheckRequest { string service = 1 }. */
function healthRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name])
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** HealthCheckResponse { ServingStatus status = 1 }; an absent field is 0. */
function servingStatus(body: Buffer): number {
  const message = body.subarray(5)
  return message[0] === 0x08 ? message[1]! : 0
}

function codeName(code: number): string {
  const names = [
    'OK',
    'Canceled',
    'Unknown',
    'InvalidArgument',
    'DeadlineExceeded',
    'NotFound',
    'AlreadyExists',
    'PermissionDenied',
    'ResourceExhausted',
    'FailedPrecondition',
    'Aborted',
    'OutOfRange',
    'Unimplemented',
    'Internal',
    'Unavailable',
    'DataLoss',
    'Unauthenticated',
  ]
  return names[code] ?? `Code(${code})`
}
