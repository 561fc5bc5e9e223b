/** `nginx [-t] [-c FILE] [-g DIRECTIVES]`: a stand-in for nginx that reads its configuration and serves by it. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { systemClock } from '@kemu/base'
import { warnLine } from '../output.ts'
import { combinedLogLine, logRequest } from '../access-log.ts'
import { StubResolver } from '../stub-resolver.ts'
import { placeOf, readSurroundings } from '../surroundings.ts'
import type { Surroundings } from '../surroundings.ts'
import { endGracefully, listen, runProgram } from '../web-server.ts'
import { buildConfig } from './build-config.ts'
import { ConfigError, parseDirectives } from './directives.ts'
import type { Directive } from './directives.ts'
import { Site } from './site.ts'

runProgram('nginx', async () => {
  const surroundings = readSurroundings()
  const { file, globals, isTest, isVersion } = parseArguments(process.argv.slice(2))
  if (isVersion) return void process.stderr.write(`nginx version: nginx/${surroundings.version}\n`)
  const config = loadConfig(surroundings, file, globals)
  if (isTest) {
    warnLine(`nginx: the configuration file ${file} syntax is ok`)
    warnLine(`nginx: configuration file ${file} test is successful`)
    return
  }
  const deps = { clock: systemClock, surroundings }
  const resolver = new StubResolver(surroundings)
  const site = new Site(config, { surroundings, resolver, upstreams: config.upstreams })
  const ports = [...new Set(config.servers.flatMap((server) => server.ports))]
  const servers = await Promise.all(
    ports.map((port) =>
      listen(
        port,
        (request, response) => {
          logRequest(request, response, combinedLogLine, systemClock)
          site.handle(request, response, port)
        },
        deps,
      ),
    ),
  )
  warnLine(`[notice] nginx/${surroundings.version} (kemu), ports ${ports.join(', ')}`)
  endGracefully(servers, ['SIGTERM', 'SIGINT', 'SIGQUIT'], deps)
})

function parseArguments(args: readonly string[]): {
  file: string
  globals: string
  isTest: boolean
  isVersion: boolean
} {
  const after = (flag: string): string | undefined => {
    const at = args.indexOf(flag)
    return at < 0 ? undefined : args[at + 1]
  }
  const unknown = args.find((arg) => arg.startsWith('-') && !/^-[cgtTqvV]$/.test(arg))
  if (unknown !== undefined) throw new Error(`invalid option: "${unknown}"`)
  return {
    file: after('-c') ?? '/etc/nginx/nginx.conf',
    globals: after('-g') ?? '',
    isTest: args.includes('-t') || args.includes('-T'),
    isVersion: args.includes('-v') || args.includes('-V'),
  }
}

function loadConfig(
  surroundings: Surroundings,
  file: string,
  globals: string,
): ReturnType<typeof buildConfig> {
  try {
    return buildConfig(
      [...parseDirectives(globals, 'command line'), ...readDirectives(surroundings, file)],
      (pattern) => readInclude(surroundings, pattern),
    )
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    warnLine(`nginx: [emerg] ${error.message}`)
    process.exit(1)
  }
}

function readDirectives(surroundings: Surroundings, file: string): Directive[] {
  const place = placeOf(surroundings, file.startsWith('/') ? file : join('/etc/nginx', file))
  try {
    return parseDirectives(readFileSync(place, 'utf8'), file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new ConfigError(`open() "${file}" failed (2: No such file or directory)`)
  }
}

/** A pattern with a star may name nothing; a file must be there. */
function readInclude(surroundings: Surroundings, pattern: string): Directive[] {
  const path = pattern.startsWith('/') ? pattern : join('/etc/nginx', pattern)
  if (basename(path) === 'mime.types') return [] // media types are built in
  if (!path.includes('*')) return readDirectives(surroundings, path)
  const parts = basename(path).split('*')
  const matches = (name: string): boolean =>
    name.length >= parts.join('').length &&
    name.startsWith(parts[0] ?? '') &&
    name.endsWith(parts.at(-1) ?? '')
  return listFolder(placeOf(surroundings, dirname(path)))
    .filter(matches)
    .sort()
    .flatMap((name) => readDirectives(surroundings, join(dirname(path), name)))
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
