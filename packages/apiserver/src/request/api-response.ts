import type { KubeObject, Status } from '@kemu/api'
import type { StoredObject } from '../cache/stored-object.ts'
import type { Watcher } from '../cache/watcher.ts'
import type { ListPage } from '../registry/list-page.ts'
import type { ResourceEntry } from '../registry/resource-entry.ts'

/** An object as an answer: bytes that are shared, or one made for this answer. */
export type AnswerObject = StoredObject | KubeObject

/** What comes out of the stages; the fronts write it in their own way. */
export type ApiResponse =
  | {
      readonly form: 'object'
      readonly code: number
      readonly object: AnswerObject
      /** How a Table of it looks; undefined for objects that are no resource (Scale, reviews). */
      readonly entry: ResourceEntry | undefined
    }
  | { readonly form: 'status'; readonly code: number; readonly status: Status }
  | { readonly form: 'list'; readonly page: ListPage; readonly entry: ResourceEntry }
  | {
      readonly form: 'watch'
      readonly watcher: Watcher
      readonly entry: ResourceEntry
      readonly timeoutMs: number
    }
  | {
      readonly form: 'bytes'
      readonly code: number
      readonly contentType: string
      readonly body: Buffer
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly form: 'connect'; readonly target: ConnectTarget }

/** Where a conversation goes: a kubelet's or a pod's HTTP server. */
export interface ConnectTarget {
  readonly scheme: 'http' | 'https'
  /** A name or an address. */
  readonly host: string
  readonly port: number
  /** Path with query, as the target shall see it. */
  readonly path: string
  readonly method: string
  /** With the server's client certificate, and the kubelets' authority where one is set. */
  readonly asKubeletClient: boolean
  /** Answers that are no success become a Status (logs); else they are passed on as they are. */
  readonly checked: boolean
  /** A target behind `proxy`: when it cannot be reached, a part is unavailable, not this server broken. */
  readonly isProxied?: boolean
}
