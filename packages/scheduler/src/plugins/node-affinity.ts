import {
  nodeSelectorMatches,
  nodeTermMatches,
  podFitsNodeSelector,
  podRequiresNode,
  requiredNodeAffinity,
} from '@kemu/api'
import type { Node, NodeSelector, NodeSelectorTerm } from '@kemu/api'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type {
  FilterPlugin,
  NodeScorer,
  PreFilterResult,
  RequeueEvent,
  ScorePlugin,
} from '../framework/interface.ts'
import { unresolvable } from '../framework/status.ts'
import { normalizeByMax } from './normalize.ts'

export interface NodeAffinityArgs {
  readonly addedAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector
    readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly PreferredTerm[]
  }
}

interface PreferredTerm {
  readonly weight: number
  readonly preference: NodeSelectorTerm
}

/** nodeSelector and node affinity, required and preferred. */
export class NodeAffinity implements FilterPlugin, ScorePlugin {
  readonly name = 'NodeAffinity'
  readonly events: readonly RequeueEvent[] = [
    {
      event: { resource: 'Node', actions: ['Add', 'UpdateNodeLabel', 'UpdateNodeTaint'] },
      hint: ({ pod }, { object }) => podFitsNodeSelector(pod, object as Node),
    },
  ]
  readonly #added: NodeSelector | undefined
  readonly #addedPreferred: readonly PreferredTerm[]
  readonly #rejection = unresolvable(this.name, "node(s) didn't match Pod's node affinity/selector")
  readonly #enforced = unresolvable(
    this.name,
    "node(s) didn't match scheduler-enforced node affinity",
  )

  constructor({ addedAffinity }: NodeAffinityArgs = {}) {
    this.#added = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    this.#addedPreferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  }

  preFilter({ pod }: PodInfo): PreFilterResult {
    if (!podRequiresNode(pod) && !this.#added) return { kind: 'skip' }
    const nodeNames = namedNodes(requiredNodeAffinity(pod))
    if (nodeNames?.size === 0)
      return { kind: 'rejected', rejection: unresolvable(this.name, 'pod affinity terms conflict') }
    const filter = ({ node }: NodeInfo) => {
      if (this.#added && !nodeSelectorMatches(this.#added, node!)) return this.#enforced
      return podFitsNodeSelector(pod, node!) ? undefined : this.#rejection
    }
    const only = nodeNames && { plugin: this.name, nodeNames }
    return { kind: 'filter', filter: { filter, ...(only && { only }) } }
  }

  preScore({ pod }: PodInfo): NodeScorer | undefined {
    const own = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution
    const terms = [...this.#addedPreferred, ...(own ?? [])]
    if (terms.length === 0) return undefined
    return {
      score: ({ node }) =>
        terms.reduce(
          (sum, { weight, preference }) =>
            nodeTermMatches(preference, node!) ? sum + weight : sum,
          0,
        ),
      normalize: normalizeByMax,
    }
  }
}

/**
 * The nodes that the terms name by metadata.name, when each of them does: a DaemonSet's pod among 5,000 nodes is looked
 * up, not searched for. undefined: some term names none.
 */
function namedNodes(required: NodeSelector | undefined): Set<string> | undefined {
  const terms = required?.nodeSelectorTerms ?? []
  if (terms.length === 0) return undefined
  const names = new Set<string>()
  for (const term of terms) {
    let named: Set<string> | undefined
    for (const { key, operator, values } of term.matchFields ?? []) {
      if (key !== 'metadata.name' || operator !== 'In') continue
      const these = new Set(values)
      named = named ? new Set([...named].filter((name) => these.has(name))) : these
    }
    if (!named) return undefined
    for (const name of named) names.add(name)
  }
  return names
}
