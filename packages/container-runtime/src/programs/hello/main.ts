/**
 * `hello [--port N] [--greeting bootcamp|hello-app]`: the small web server of the first exercises. It says which pod
 * answers and which version that pod has.
 */
import { parseFlags, systemClock } from '@kemu/base'
import { printLine } from '../output.ts'
import { sendText } from '../static-files.ts'
import { readSurroundings } from '../surroundings.ts'
import { endGracefully, listen, openPort, runProgram } from '../web-server.ts'
import { greet, isGreeting } from './greeting.ts'

const flags = {
  port: { type: 'int', default: 8001, help: 'port to listen on' },
  greeting: { type: 'string', default: 'bootcamp', help: 'wording: bootcamp or hello-app' },
} as const

runProgram('hello', async () => {
  const { port, greeting } = parseFlags(flags, process.argv.slice(2))
  if (!isGreeting(greeting)) throw new Error(`--greeting: ${greeting} is not known`)
  const surroundings = readSurroundings()
  const deps = { clock: systemClock, surroundings }
  let requests = 0
  const server = await listen(
    port,
    (request, response) => {
      requests += 1
      sendText(response, 200, greet(greeting, surroundings))
      printLine(`${request.method} ${request.url} | Total Requests: ${requests}`)
    },
    deps,
  )
  printLine(`Running On: ${surroundings.hostname} | Listening on port ${openPort(server)}`)
  endGracefully([server], ['SIGTERM', 'SIGINT'], deps)
})
