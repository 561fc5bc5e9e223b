import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { sleep } from '@kemu/base'
import { shiftPort } from '@kemu/network/address'
import { printLine } from '../output.ts'
import { findFile, sendFile, sendText } from '../static-files.ts'
import { listen } from '../web-server.ts'
import { forever } from './command.ts'
import type { AgnhostCommand, AgnhostContext } from './command.ts'
import { logLine } from './log.ts'
import { listenUdp } from './udp.ts'

const port = (value: number) => ({ type: 'int', default: value, help: 'Port number.' }) as const

/** How long serve-hostname stays after SIGTERM. */
const awaitDeletionMs = 60_000

export const serveHostname: AgnhostCommand = {
  flags: {
    port: port(9376),
    http: { type: 'boolean', default: true, help: 'Serve HTTP.' },
    tcp: { type: 'boolean', help: 'Serve raw over TCP.' },
    udp: { type: 'boolean', help: 'Serve raw over UDP.' },
    close: { type: 'boolean', help: 'Close connection per each HTTP request.' },
  },
  wordsMax: 0,
  run: async (flags, _words, context) => {
    const { surroundings, clock } = context
    const isRaw = flags['tcp'] === true || flags['udp'] === true
    if (flags['http'] === true && isRaw)
      throw new Error("Can't server TCP/UDP mode and HTTP mode at the same time")
    const number = flags['port'] as number
    if (flags['http'] === true) {
      await listen(
        number,
        (_request, response) => {
          if (flags['close'] === true) response.setHeader('Connection', 'close')
          sendText(response, 200, surroundings.hostname)
        },
        context,
      )
    }
    if (flags['tcp'] === true) await listenTcp(number, context)
    if (flags['udp'] === true) await listenUdp(number, surroundings, () => surroundings.hostname)
    logLine(clock, `Serving on port ${number}.`)
    process.on('SIGTERM', () => {
      logLine(clock, 'Shutting down after receiving signal: terminated.')
      logLine(clock, 'Awaiting pod deletion.')
      void sleep(clock, awaitDeletionMs).then(() => process.exit(0))
    })
    return forever()
  },
}

function listenTcp(number: number, { surroundings }: AgnhostContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.end(surroundings.hostname)
    })
    server.once('error', reject)
    const real = shiftPort(number, surroundings.portFloor)
    server.listen({ port: real, host: surroundings.bindAddress }, resolve)
  })
}

/** Healthy for ten seconds, the example of the probes' documentation. */
export const liveness: AgnhostCommand = {
  flags: {},
  wordsMax: 0,
  run: async (_flags, _words, context) => {
    const startedAtMs = context.clock.monotonicMs()
    await listen(
      8080,
      (request, response) => {
        const seconds = (context.clock.monotonicMs() - startedAtMs) / 1000
        const [path, query = ''] = (request.url ?? '/').split('?')
        if (path === '/started') return sendText(response, 200, `${seconds}s`)
        if (path === '/healthz')
          return seconds > 10
            ? sendText(response, 500, `error: ${seconds}`)
            : sendText(response, 200, 'ok')
        if (path === '/redirect') {
          response.setHeader('Location', new URLSearchParams(query).get('loc') ?? '')
          return sendText(response, 302, '')
        }
        sendText(response, 404, '404 page not found\n')
      },
      context,
    )
    return forever()
  },
}

export const testWebserver: AgnhostCommand = {
  flags: { port: port(80) },
  wordsMax: 0,
  run: async (flags, _words, context) => {
    await listen(
      flags['port'] as number,
      (request, response) => {
        const path = (request.url ?? '/').split('?')[0]!
        for (const root of [context.surroundings.rootPrefix, '/']) {
          const found = findFile(root || '/', path, ['index.html'])
          if (found.kind === 'file') return sendFile(request, response, found)
        }
        sendText(response, 404, '404 page not found\n')
      },
      context,
    )
    return forever()
  },
}

/** Sends chunks to one client and ends; the environment says how many, how large and how fast. */
export const portForwardTester: AgnhostCommand = {
  flags: {},
  wordsMax: 0,
  run: (_flags, _words, context) => {
    const env = (name: string): string => process.env[name] ?? ''
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        server.close()
        printLine('Accepted client connection')
        const expected = env('EXPECTED_CLIENT_DATA')
        const send = async (): Promise<void> => {
          const chunk = 'x'.repeat(Number(env('CHUNK_SIZE')))
          const chunks = Number(env('CHUNKS'))
          for (let i = 0; i < chunks; i++) {
            socket.write(chunk)
            if (i + 1 < chunks) await sleep(context.clock, Number(env('CHUNK_INTERVAL')))
          }
          printLine('Shutting down connection')
          socket.end(() => printLine('Done'))
        }
        socket.on('error', reject)
        socket.on('close', () => resolve(0))
        if (expected === '') return void send()
        let got = ''
        socket.on('data', (data: Buffer) => {
          got += data.toString()
          if (got.length < expected.length) return
          if (got !== expected) {
            printLine(`Expect to read ${JSON.stringify(expected)}, but got ${JSON.stringify(got)}.`)
            return resolve(3)
          }
          printLine('Received expected client data')
          void send()
        })
        socket.on('end', () => {
          if (got.length < expected.length) {
            printLine(
              `Expected to read ${expected.length} bytes from client, but got ${got.length} instead.`,
            )
            resolve(2)
          }
        })
      })
      server.on('error', reject)
      server.listen({
        port: Number(env('BIND_PORT')),
        host: env('BIND_ADDRESS') || context.surroundings.bindAddress || 'localhost',
      })
    })
  },
}

/** The hosts file of the pod. */
export const etcHosts: AgnhostCommand = {
  flags: {},
  wordsMax: 0,
  run: async (_flags, _words, { surroundings }) => {
    printLine(readFileSync(surroundings.hostsFile, 'utf8'))
    return 0
  },
}
