import type { NetworkPolicy } from '@kemu/api'
import type { NamespaceFacts, PodFacts } from '../facts.ts'

/** Everything that decides what one node lets through. */
export interface PolicyWorld {
  readonly nodeName: string
  /** The node's part of the pod network; undefined while it has none. */
  readonly podCidr: string | undefined
  readonly policies: readonly NetworkPolicy[]
  /** Pods of all nodes. */
  readonly pods: readonly PodFacts[]
  readonly namespaces: readonly NamespaceFacts[]
}
