/** `echo-server [--port N] [--text TEXT]`: answers every request with the request itself, or with a given text. */
import type { IncomingMessage } from 'node:http'
import { parseFlags, systemClock } from '@kemu/base'
import { printLine } from '../output.ts'
import { sendText } from '../static-files.ts'
import { readSurroundings } from '../surroundings.ts'
import { endGracefully, listen, openPort, runProgram } from '../web-server.ts'
import { describeRequest } from './describe-request.ts'

const flags = {
  port: { type: 'int', default: 8080, help: 'port to listen on' },
  listen: { type: 'string', help: 'address and port to listen on, such as :5678' },
  text: { type: 'string', help: 'answer with this text' },
} as const

/** A larger body is cut. */
const bodyBytesMax = 1024 * 1024

runProgram('echo-server', async () => {
  const given = parseFlags(flags, process.argv.slice(2))
  const port = given.listen === undefined ? given.port : Number(given.listen.split(':').at(-1))
  const surroundings = readSurroundings()
  const deps = { clock: systemClock, surroundings }
  const server = await listen(
    port,
    (request, response) => {
      void readBody(request).then((body) => {
        printLine(`${request.method} ${request.url}`)
        const text =
          given.text === undefined
            ? describeRequest(surroundings.hostname, request, body)
            : `${given.text}\n`
        sendText(response, 200, text)
      })
    },
    deps,
  )
  printLine(`${surroundings.hostname} is listening on port ${openPort(server)}`)
  endGracefully([server], ['SIGTERM', 'SIGINT'], deps)
})

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let left = bodyBytesMax
    const finish = (): void => resolve(Buffer.concat(chunks))
    request.on('data', (chunk: Buffer) => {
      if (left > 0) chunks.push(chunk.subarray(0, left))
      left -= chunk.length
    })
    request.on('end', finish)
    request.on('error', finish) // the client is gone: there is nobody to answer
  })
}
