/** `redis-server [--port N]`: keeps keys in memory and speaks RESP2; a stand-in for exercises, without persistence. */
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { systemClock } from '@kemu/base'
import { shiftPort } from '@kemu/network/address'
import { printLine, warnLine } from '../output.ts'
import { readSurroundings } from '../surroundings.ts'
import { runProgram } from '../web-server.ts'
import type { CommandContext } from './command.ts'
import { Database } from './database.ts'
import { execute } from './execute.ts'
import { Publisher } from './publish.ts'
import { encodeReply, failure, integer, ok } from './reply.ts'
import { ProtocolError, RequestReader } from './request-reader.ts'

runProgram('redis-server', async () => {
  const { port } = parseArguments(process.argv.slice(2))
  const surroundings = readSurroundings()
  const context: CommandContext = {
    database: new Database(systemClock),
    version: surroundings.version,
    startedAtMs: systemClock.now(),
  }
  const publisher = new Publisher()
  const server = createServer((socket) => serve(socket, context, publisher))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const real = shiftPort(port, surroundings.portFloor)
    server.listen({ port: real, host: surroundings.bindAddress }, resolve)
  })
  printLine(
    `kemu's stand-in for Redis ${surroundings.version}: Ready to accept connections tcp, port ${port}`,
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))
})

/** Options of redis-server that ask for what is not emulated are named; a configuration file is not read. */
function parseArguments(args: readonly string[]): { port: number } {
  let port = 6379
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--port') port = Number(args[++i])
    else if (arg.startsWith('--')) {
      const values = args.slice(i + 1).findIndex((word) => word.startsWith('--'))
      const next = values < 0 ? args.length : i + 1 + values
      warnLine(`redis-server: not emulated and without effect: ${args.slice(i, next).join(' ')}`)
      i = next - 1
    } else if (arg !== 'redis-server')
      warnLine(`redis-server: configuration file is not read: ${arg}`)
  }
  return { port }
}

function serve(socket: Socket, context: CommandContext, publisher: Publisher): void {
  const reader = new RequestReader()
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const words of reader.push(chunk)) answer(socket, words, context, publisher)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      socket.end(encodeReply(failure(`ERR Protocol error: ${error.message}`)))
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => publisher.forget(socket))
}

function answer(
  socket: Socket,
  words: readonly string[],
  context: CommandContext,
  publisher: Publisher,
): void {
  const [name = '', ...args] = words
  switch (name.toLowerCase()) {
    case 'subscribe':
      return publisher.subscribe(socket, args)
    case 'unsubscribe':
      return publisher.unsubscribe(socket, args)
    case 'publish':
      return void socket.write(
        encodeReply(integer(publisher.publish(args[0] ?? '', args[1] ?? ''))),
      )
    case 'quit':
      return void socket.end(encodeReply(ok))
    default:
      socket.write(encodeReply(execute(context, words)), 'latin1')
  }
}
