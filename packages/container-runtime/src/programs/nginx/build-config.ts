import { ConfigError } from './directives.ts'
import type { Directive } from './directives.ts'
import { defaultAction } from './model.ts'
import type { Action, Location, LocationMatch, NginxConfig, Server } from './model.ts'

/** Opens what `include` names; globs are the edge's business. */
export type ReadInclude = (pattern: string) => Directive[]

/** Directives that are right and change nothing in this stand-in: tuning, logs, and what a proxy does by itself. */
const withoutEffect = new Set(
  (
    'user worker_processes worker_connections error_log access_log log_format pid events sendfile tcp_nopush ' +
    'tcp_nodelay keepalive_timeout keepalive_requests gzip gzip_types types client_max_body_size daemon charset ' +
    'proxy_http_version proxy_buffering proxy_read_timeout proxy_connect_timeout proxy_send_timeout proxy_redirect ' +
    'server_tokens resolver types_hash_max_size default_type_hash server_names_hash_bucket_size worker_rlimit_nofile ' +
    'client_body_timeout client_header_timeout send_timeout reset_timedout_connection multi_accept use keepalive ' +
    'least_conn ip_hash error_page'
  ).split(' '),
)

/** The servers of a configuration; an unknown directive is an error, as it is in nginx. */
export function buildConfig(
  directives: readonly Directive[],
  readInclude: ReadInclude,
): NginxConfig {
  const builder = new Builder(readInclude)
  builder.main(directives)
  return { servers: builder.servers, upstreams: builder.upstreams }
}

class Builder {
  readonly servers: Server[] = []
  readonly upstreams = new Map<string, string[]>()
  readonly #readInclude: ReadInclude

  constructor(readInclude: ReadInclude) {
    this.#readInclude = readInclude
  }

  main(directives: readonly Directive[]): void {
    for (const directive of this.#expand(directives)) {
      // A bare `server` at the top is what a conf.d file is when it is included from http.
      if (directive.name === 'http') this.#http(directive.block ?? [])
      else if (directive.name === 'server') this.#http([directive])
      else if (!withoutEffect.has(directive.name)) throw unknown(directive)
    }
  }

  #http(directives: readonly Directive[]): void {
    let action = defaultAction
    const all = this.#expand(directives)
    for (const directive of all) {
      if (directive.name !== 'server' && directive.name !== 'upstream')
        action = withDirective(action, directive)
    }
    for (const directive of all) {
      if (directive.name === 'upstream') this.#upstream(directive)
      if (directive.name === 'server') this.servers.push(this.#server(directive, action))
    }
  }

  #upstream({ args, block }: Directive): void {
    const servers = (block ?? []).filter(({ name }) => name === 'server')
    this.upstreams.set(
      args[0] ?? '',
      servers.map((server) => server.args[0] ?? ''),
    )
  }

  #server({ block }: Directive, inherited: Action): Server {
    const all = this.#expand(block ?? [])
    const rest = all.filter(({ name }) => !['listen', 'server_name', 'location'].includes(name))
    const action = rest.reduce(withDirective, inherited)
    const listens = all.filter(({ name }) => name === 'listen')
    for (const listen of listens) refuseTls(listen)
    const ports = listens.map(({ args }) => Number((args[0] ?? '').split(':').at(-1)))
    return {
      ports: ports.length > 0 ? [...new Set(ports)] : [80],
      isDefault: listens.some(({ args }) => args.includes('default_server')),
      names: all.filter(({ name }) => name === 'server_name').flatMap(({ args }) => args),
      action,
      locations: all
        .filter(({ name }) => name === 'location')
        .map((directive) => this.#location(directive, action)),
    }
  }

  #location(directive: Directive, inherited: Action): Location {
    const fresh: Action = {
      ...inherited,
      alias: undefined,
      returns: undefined,
      proxyPass: undefined,
    }
    const action = this.#expand(directive.block ?? []).reduce(withDirective, fresh)
    return { match: parseMatch(directive), action }
  }

  #expand(directives: readonly Directive[]): Directive[] {
    return directives.flatMap((directive) =>
      directive.name === 'include'
        ? this.#expand(this.#readInclude(directive.args[0] ?? ''))
        : [directive],
    )
  }
}

function refuseTls({ args, file, line }: Directive): void {
  if (args.includes('ssl') || args.includes('quic'))
    throw new ConfigError(`listen ... ${args.at(-1)} is not emulated in ${file}:${line}`)
}

function parseMatch({ args, file, line }: Directive): LocationMatch {
  const [first = '', second] = args
  if (second === undefined) return { kind: 'prefix', path: first, stopsRegex: false }
  switch (first) {
    case '=':
      return { kind: 'exact', path: second }
    case '^~':
      return { kind: 'prefix', path: second, stopsRegex: true }
    case '~':
      return { kind: 'regex', pattern: new RegExp(second) }
    case '~*':
      return { kind: 'regex', pattern: new RegExp(second, 'i') }
    default:
      throw new ConfigError(`invalid location modifier "${first}" in ${file}:${line}`)
  }
}

function withDirective(action: Action, directive: Directive): Action {
  const { name, args } = directive
  const [first = '', second = ''] = args
  switch (name) {
    case 'root':
      return { ...action, root: first }
    case 'alias':
      return { ...action, alias: first }
    case 'index':
      return { ...action, index: args }
    case 'autoindex':
      return { ...action, autoindex: first === 'on' }
    case 'try_files':
      return { ...action, tryFiles: args }
    case 'return':
      return { ...action, returns: parseReturn(args) }
    case 'proxy_pass':
      return { ...action, proxyPass: first }
    case 'proxy_set_header':
      return { ...action, proxyHeaders: [...action.proxyHeaders, [first, second]] }
    case 'add_header':
      return { ...action, headers: [...action.headers, [first, second]] }
    case 'default_type':
      return { ...action, defaultType: first }
    case 'stub_status':
      return { ...action, stubStatus: true }
    default:
      if (withoutEffect.has(name)) return action
      throw unknown(directive)
  }
}

function parseReturn(args: readonly string[]): Action['returns'] {
  const [first = '', text = ''] = args
  return /^\d{3}$/.test(first) ? { code: Number(first), text } : { code: 302, text: first }
}

function unknown({ name, file, line }: Directive): ConfigError {
  return new ConfigError(`unknown directive "${name}" in ${file}:${line}`)
}
