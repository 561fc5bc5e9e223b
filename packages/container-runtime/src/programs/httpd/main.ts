/** `httpd-foreground`: serves the files of DocumentRoot; a stand-in for Apache httpd with the first of its directives. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '@kemu/base'
import { warnLine } from '../output.ts'
import { commonLogLine, logRequest } from '../access-log.ts'
import { findFile, sendFile, sendText } from '../static-files.ts'
import { placeOf, readSurroundings } from '../surroundings.ts'
import type { Surroundings } from '../surroundings.ts'
import { endGracefully, listen, openPort, runProgram } from '../web-server.ts'
import { parseHttpdConfig } from './config.ts'
import type { HttpdConfig } from './config.ts'
import { errorPage, listingPage } from './pages.ts'

const configPath = '/usr/local/apache2/conf/httpd.conf'

runProgram('httpd', async () => {
  const surroundings = readSurroundings()
  const deps = { clock: systemClock, surroundings }
  const place = placeOf(surroundings, configPath)
  const config = parseHttpdConfig(existsSync(place) ? readFileSync(place, 'utf8') : '')
  for (const directive of config.unknown)
    warnLine(`httpd: directive not emulated and without effect: ${directive}`)
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    logRequest(request, response, commonLogLine, systemClock)
    serve(request, response, config, surroundings)
  }
  const servers = await Promise.all(config.ports.map((port) => listen(port, answer, deps)))
  warnLine(
    `kemu's stand-in for Apache/${surroundings.version} configured -- resuming normal operations, ` +
      `port ${servers.map(openPort).join(', ')}`,
  )
  // The image's stop signal is SIGWINCH, Apache's graceful stop.
  endGracefully(servers, ['SIGTERM', 'SIGINT', 'SIGWINCH'], deps)
})

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  config: HttpdConfig,
  surroundings: Surroundings,
): void {
  response.setHeader('Server', `Apache/${surroundings.version} (kemu)`)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET,HEAD')
    return sendText(response, 405, errorPage(405), 'text/html; charset=iso-8859-1')
  }
  const [urlPath = '/'] = (request.url ?? '/').split('?')
  const root = placeOf(surroundings, config.documentRoot)
  const found = findFile(root, urlPath, config.directoryIndex)
  switch (found.kind) {
    case 'file':
      return sendFile(request, response, found, 'text/plain')
    case 'redirect':
      response.setHeader('Location', found.location)
      return sendText(response, 301, errorPage(301), 'text/html; charset=iso-8859-1')
    case 'directory':
      return config.indexes
        ? sendText(response, 200, listingPage(urlPath, readdirSync(found.path)), 'text/html')
        : sendText(response, 403, errorPage(403), 'text/html; charset=iso-8859-1')
    case 'missing':
      return sendText(response, 404, errorPage(404), 'text/html; charset=iso-8859-1')
    case 'badPath':
      return sendText(response, 400, errorPage(400), 'text/html; charset=iso-8859-1')
  }
}
