import { readdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { warnLine } from '../output.ts'
import { findFile, sendFile, sendText } from '../static-files.ts'
import type { FoundFile } from '../static-files.ts'
import { placeOf } from '../surroundings.ts'
import { chooseLocation, chooseServer } from './choose.ts'
import type { Action, Location, LocationMatch, NginxConfig, Server } from './model.ts'
import { errorPage, listingPage } from './pages.ts'
import { planProxy, proxy } from './proxy.ts'
import type { ProxyDeps } from './proxy.ts'
import { expandVariables } from './variables.ts'

const everywhere: LocationMatch = { kind: 'prefix', path: '/', stopsRegex: false }

/** Answers requests by the configuration: server, then location, then what the location says. */
export class Site {
  readonly #config: NginxConfig
  readonly #deps: ProxyDeps
  #requests = 0

  constructor(config: NginxConfig, deps: ProxyDeps) {
    this.#config = config
    this.#deps = deps
  }

  handle(request: IncomingMessage, response: ServerResponse, port: number): void {
    this.#requests += 1
    const { surroundings } = this.#deps
    response.setHeader('Server', `nginx/${surroundings.version}`)
    const server = chooseServer(this.#config.servers, port, request.headers.host ?? '')
    if (!server) return this.#fail(response, 404)
    const [path = '/'] = (request.url ?? '/').split('?')
    const location = chooseLocation(server.locations, path) ?? {
      match: everywhere,
      action: server.action,
    }
    this.#act(request, response, path, server, location)
  }

  #act(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    server: Server,
    location: Location,
  ): void {
    // A return of the server stands before every location.
    const { returns } = server.action.returns ? server.action : location.action
    const { action } = location
    for (const [name, value] of action.headers)
      response.setHeader(name, this.#expand(value, request))
    if (returns) return this.#return(request, response, returns)
    if (action.stubStatus)
      return sendText(response, 200, `Active connections: 1 \nrequests: ${this.#requests}\n`)
    if (action.proxyPass !== undefined)
      return this.#pass(request, response, location, action.proxyPass)
    this.#file(request, response, path, location)
  }

  #return(
    request: IncomingMessage,
    response: ServerResponse,
    { code, text }: NonNullable<Action['returns']>,
  ): void {
    const expanded = this.#expand(text, request)
    if (code >= 300 && code < 400) response.setHeader('Location', expanded)
    if (expanded === '' || (code >= 300 && code < 400)) return this.#fail(response, code)
    const type = response.getHeader('Content-Type')
    sendText(response, code, expanded, typeof type === 'string' ? type : 'text/plain')
  }

  #pass(
    request: IncomingMessage,
    response: ServerResponse,
    { match, action }: Location,
    proxyPass: string,
  ): void {
    const expanded = this.#expand(proxyPass, request)
    const target = planProxy(
      expanded,
      match,
      request.url ?? '/',
      this.#config.upstreams,
      this.#requests,
    )
    if (!target) return this.#fail(response, 500)
    const headers = Object.fromEntries(
      action.proxyHeaders.map(([name, value]) => [
        name.toLowerCase(),
        this.#expand(value, request),
      ]),
    )
    void proxy(request, response, target, headers, this.#deps)
  }

  #file(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    { match, action }: Location,
  ): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') return this.#fail(response, 405)
    const { root, below } = this.#rootOf(path, match, action)
    const found = this.#find(request, root, below, action)
    switch (found.kind) {
      case 'file':
        return sendFile(request, response, found, action.defaultType)
      case 'redirect':
        response.setHeader('Location', `${path}/`)
        return this.#fail(response, 301)
      case 'directory':
        return action.autoindex
          ? sendText(response, 200, listingPage(path, readdirSync(found.path)), 'text/html')
          : this.#fail(response, 403)
      case 'missing':
        warnLine(`[error] open() "${join(root, below)}" failed (2: No such file or directory)`)
        return this.#fail(response, 404)
      case 'badPath':
        return this.#fail(response, 400)
    }
  }

  #rootOf(path: string, match: LocationMatch, action: Action): { root: string; below: string } {
    const { surroundings } = this.#deps
    if (action.alias === undefined) return { root: placeOf(surroundings, action.root), below: path }
    const below = match.kind === 'regex' ? '' : path.slice(match.path.length)
    return { root: placeOf(surroundings, action.alias), below: `/${below}` }
  }

  /** try_files: the first that is there; the last one is a path to go on with, or `=CODE`. */
  #find(request: IncomingMessage, root: string, path: string, action: Action): FoundFile {
    const candidates = action.tryFiles.map((text) => this.#expand(text, request))
    const last = candidates.pop()
    if (last === undefined) return findFile(root, path, action.index)
    for (const candidate of candidates) {
      const found = findFile(root, candidate, action.index)
      if (found.kind === 'file' || found.kind === 'directory') return found
    }
    return last.startsWith('=') ? { kind: 'missing' } : findFile(root, last, action.index)
  }

  #expand(text: string, request: IncomingMessage): string {
    return expandVariables(text, request, this.#deps.surroundings.hostname)
  }

  #fail(response: ServerResponse, code: number): void {
    sendText(response, code, errorPage(code, this.#deps.surroundings.version), 'text/html')
  }
}
