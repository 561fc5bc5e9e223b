import type { IncomingMessage } from 'node:http'

/** A request as text: who got it, who sent it, its line, headers and body. */
export function describeRequest(hostname: string, request: IncomingMessage, body: Buffer): string {
  const { method, url, httpVersion, rawHeaders, socket } = request
  const headers = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [`  ${name.toLowerCase()}=${rawHeaders[i + 1]}`] : [],
  )
  return [
    `Hostname: ${hostname}`,
    '',
    'Request:',
    `  client_address=${(socket.remoteAddress ?? '').replace(/^::ffff:/, '')}`,
    `  method=${method}`,
    `  path=${url}`,
    `  version=${httpVersion}`,
    '',
    'Headers:',
    ...headers,
    '',
    'Body:',
    body.length === 0 ? '-no body-' : body.toString('utf8'),
    '',
  ].join('\n')
}
