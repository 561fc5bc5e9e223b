import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseDuration, sleep } from '@kemu/base'
import { sendText } from '../static-files.ts'
import { listen } from '../web-server.ts'
import { forever } from './command.ts'
import type { AgnhostCommand, AgnhostContext } from './command.ts'
import { dial } from './dial.ts'
import { logLine } from './log.ts'
import { listenUdp } from './udp.ts'

/** What the routes look at. */
interface Netexec {
  readonly context: AgnhostContext
  readonly httpPort: number
  isReady: boolean
  isEnding: boolean
}

type Route = (
  netexec: Netexec,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>

export const netexec: AgnhostCommand = {
  flags: {
    'http-port': { type: 'int', default: 8080, help: 'HTTP Listen Port' },
    'udp-port': { type: 'int', default: 8081, help: 'UDP Listen Port' },
    'udp-listen-addresses': { type: 'list', help: 'addresses the udp servers listen from' },
    'delay-shutdown': { type: 'int', default: 0, help: 'seconds to delay shutdown at SIGTERM' },
    'http-override': { type: 'string', default: '', help: 'answer always as if this were asked' },
  },
  wordsMax: 0,
  run: async (flags, _words, context) => {
    const httpPort = flags['http-port'] as number
    const state: Netexec = { context, httpPort, isReady: false, isEnding: false }
    process.on('SIGTERM', () => {
      state.isEnding = true
      const delayMs = (flags['delay-shutdown'] as number) * 1000
      context.clock.setTimer(delayMs, () => process.exit(0))
    })
    const override = flags['http-override'] as string
    await startUdp(state, flags['udp-port'] as number, flags['udp-listen-addresses'] as string[])
    const server = (request: IncomingMessage, response: ServerResponse): void => {
      void route(state, override || (request.url ?? '/'), request, response)
    }
    await listen(httpPort, server, context)
    logLine(context.clock, `Started HTTP server on port ${httpPort}`)
    return forever()
  },
}

async function startUdp(
  netexec: Netexec,
  port: number,
  addresses: readonly string[],
): Promise<void> {
  if (port === -1) return
  const { surroundings, clock } = netexec.context
  const wanted = addresses.length > 0 ? addresses : [undefined]
  for (const address of wanted) {
    await listenUdp(
      port,
      surroundings,
      (message, client) => {
        const text = message.trim().toLowerCase()
        if (text === 'hostname') return surroundings.hostname
        if (text.startsWith('echo ')) return text.slice('echo '.length)
        if (text === 'clientip') return `${client.address}:${client.port}`
        if (text === 'serverport') return String(port)
        if (text !== '') logLine(clock, `Unknown UDP command received: ${text}`)
        return undefined
      },
      address,
    )
    logLine(clock, `Started UDP server on port ${address ?? ''} ${port}`)
  }
  netexec.isReady = true
}

async function route(
  netexec: Netexec,
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '/', search = ''] = url.split('?')
  logLine(netexec.context.clock, `${request.method} ${url}`)
  const handle = routes[path] ?? routes['/']!
  try {
    await handle(netexec, new URLSearchParams(search), request, response)
  } catch (error) {
    if (response.headersSent) response.destroy()
    else sendText(response, 500, `${(error as Error).message}\n`)
  }
}

const hostname: Route = ({ context }, _query, _request, response) =>
  sendText(response, 200, context.surroundings.hostname)

const routes: Readonly<Record<string, Route>> = {
  '/': ({ context }, _query, _request, response) =>
    sendText(response, 200, `NOW: ${new Date(context.clock.now()).toISOString()}`),
  '/clientip': (_netexec, _query, { socket }, response) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    sendText(response, 200, `${address}:${socket.remotePort}`)
  },
  '/serverport': ({ httpPort }, _query, _request, response) =>
    sendText(response, 200, String(httpPort)),
  '/header': (_netexec, query, { headersDistinct }, response) => {
    const key = query.get('key')
    sendText(
      response,
      200,
      key
        ? (headersDistinct[key.toLowerCase()]?.[0] ?? '')
        : JSON.stringify(canonical(headersDistinct)),
    )
  },
  '/dial': async ({ context }, query, _request, response) => {
    const { code, text } = await dial(query, context)
    sendText(response, code, text)
  },
  '/echo': (_netexec, query, _request, response) => {
    const code = query.get('code') ?? ''
    if (code !== '' && !/^\d{3}$/.test(code))
      return sendText(response, 200, `argument 'code' must be an integer or empty, got "${code}"\n`)
    sendText(response, code === '' ? 200 : Number(code), query.get('msg') ?? '')
  },
  '/exit': exit,
  '/healthz': ({ isReady }, _query, _request, response) =>
    sendText(response, isReady ? 200 : 412, ''),
  '/readyz': ({ isReady, isEnding }, _query, _request, response) => {
    if (isEnding) return sendText(response, 503, 'shutting down')
    sendText(response, isReady ? 200 : 412, isReady ? 'ok' : '')
  },
  '/hostname': hostname,
  '/hostName': hostname,
  '/redirect': (_netexec, query, _request, response) => {
    response.setHeader('Location', query.get('location') ?? '')
    sendText(response, Number(query.get('code') || '302'), '')
  },
  '/shell': shell,
  '/shutdown': () => process.exit(0),
}

/** As Go prints them: names like `X-Forwarded-For` in order, without Host. */
function canonical(headers: NodeJS.Dict<string[]>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== 'host')
      .map(([name, values]): [string, string[]] => [canonicalName(name), values ?? []])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function canonicalName(name: string): string {
  return name.replaceAll(
    /(^|-)([a-z])/g,
    (_match, dash: string, letter: string) => dash + letter.toUpperCase(),
  )
}

async function exit(
  { context }: Netexec,
  query: URLSearchParams,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const name of ['timeout', 'wait']) {
    const text = query.get(name) ?? ''
    if (text !== '' && parseDuration(text) === undefined)
      return sendText(
        response,
        200,
        `argument '${name}' must be a valid golang duration or empty, got "${text}"\n`,
      )
  }
  await sleep(context.clock, parseDuration(query.get('wait') || '0s') ?? 0)
  process.exit(Number(query.get('code') || '0'))
}

function shell(
  _netexec: Netexec,
  query: URLSearchParams,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const command = query.get('shellCommand') || (query.get('cmd') ?? '')
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const error = signal ? `signal: ${signal}` : code === 0 ? undefined : `exit status ${code}`
      sendText(
        response,
        200,
        JSON.stringify({ ...(error !== undefined && { error }), ...(output !== '' && { output }) }),
      )
      resolve()
    })
  })
}
