import type { DeleteOptions, ListOptions, WatchOptions, WriteOptions } from './options.ts'
import type { UserInfo } from './user-info.ts'

/** Where a resource or an object lives; '' for what does not apply. */
export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly subresource: string
}

/** What a client sent: bytes and what they are. */
export interface Body {
  readonly bytes: Buffer
  /** The media type alone, in lower case: `application/json`, `application/yaml`. */
  readonly contentType: string
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

/**
 * One of the verbs with all that belongs to it. Both fronts make these, and nothing else enters the
 * stages.
 */
export type Operation =
  | { readonly verb: 'get'; readonly resourceVersion: string }
  | { readonly verb: 'list'; readonly options: ListOptions }
  | { readonly verb: 'watch'; readonly options: WatchOptions }
  | { readonly verb: 'create'; readonly body: Body; readonly options: WriteOptions }
  | { readonly verb: 'update'; readonly body: Body; readonly options: WriteOptions }
  | {
      readonly verb: 'patch'
      readonly type: PatchType
      readonly body: Body
      readonly force: boolean
      readonly options: WriteOptions
    }
  | { readonly verb: 'delete'; readonly options: DeleteOptions }
  | {
      readonly verb: 'deletecollection'
      readonly list: ListOptions
      readonly options: DeleteOptions
    }

export type Verb = Operation['verb']

export interface ResourceRequest {
  readonly type: 'resource'
  readonly path: ResourcePath
  readonly operation: Operation
}

/**
 * A subresource that is a conversation and not an object: log, exec, attach, portforward, proxy.
 * REST only.
 */
export interface ConnectRequest {
  readonly type: 'connect'
  readonly path: ResourcePath
  /** The authorization verb that the HTTP method stands for. */
  readonly verb: string
  readonly method: string
  /** What follows the subresource in the path of a proxy request, with its slash. */
  readonly rest: string
  readonly query: URLSearchParams
  readonly isUpgrade: boolean
}

/** /healthz, /version, discovery, OpenAPI, metrics. */
export interface PlainRequest {
  readonly type: 'plain'
  /** The HTTP method in lower case: what RBAC's nonResourceURLs rules call the verb. */
  readonly verb: string
  readonly path: string
  readonly query: URLSearchParams
  readonly accept: string
  /** The client's If-None-Match. */
  readonly etag: string
}

export type ApiRequest = ResourceRequest | ConnectRequest | PlainRequest

/** Facts about a verified client certificate. */
export interface PeerCertificate {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly uid: string
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string
  /** Which authority signed it: the clients' or the front proxy's. */
  readonly authority: 'client' | 'front-proxy'
}

/** What a front knows of the caller. */
export interface Caller {
  readonly certificate: PeerCertificate | undefined
  /** A certificate was shown but no authority of ours signed it, or it is not valid now. */
  readonly certificateProblem: string | undefined
  /** A header's or metadata key's values, by lower-case name. */
  header(name: string): readonly string[]
  /** All header names that begin so, in lower case. */
  headerNames(prefix: string): readonly string[]
  readonly address: string
  readonly userAgent: string
  /** Aborted when the caller went away or its time is over. */
  readonly signal: AbortSignal
}

/** A request on its way through the stages. */
export interface RequestContext {
  readonly request: ApiRequest
  readonly caller: Caller
  /** Set by the authentication stage. */
  user: UserInfo
  /** What the answer shall warn of, in order. */
  readonly warnings: string[]
  /** A header of the answer, whatever it will be; gRPC has no use for them. */
  setHeader(name: string, value: string): void
}
