/** How a location matches, ngx_http_core_module. */
export type LocationMatch =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly path: string; readonly stopsRegex: boolean }
  | { readonly kind: 'regex'; readonly pattern: RegExp }

/** What is done with a request; inherited from the enclosing block where a location says nothing. */
export interface Action {
  readonly root: string
  /** Replaces the location's prefix; wins over root. */
  readonly alias: string | undefined
  readonly index: readonly string[]
  readonly autoindex: boolean
  readonly tryFiles: readonly string[]
  readonly returns: { readonly code: number; readonly text: string } | undefined
  readonly proxyPass: string | undefined
  readonly proxyHeaders: readonly (readonly [name: string, value: string])[]
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly defaultType: string
  readonly stubStatus: boolean
}

export interface Location {
  readonly match: LocationMatch
  readonly action: Action
}

export interface Server {
  readonly ports: readonly number[]
  readonly isDefault: boolean
  readonly names: readonly string[]
  readonly action: Action
  readonly locations: readonly Location[]
}

/** `upstream NAME { server ...; }` */
export type Upstreams = ReadonlyMap<string, readonly string[]>

export interface NginxConfig {
  readonly servers: readonly Server[]
  readonly upstreams: Upstreams
}

export const defaultAction: Action = {
  root: '/etc/nginx/html',
  alias: undefined,
  index: ['index.html'],
  autoindex: false,
  tryFiles: [],
  returns: undefined,
  proxyPass: undefined,
  proxyHeaders: [],
  headers: [],
  defaultType: 'text/plain',
  stubStatus: false,
}
