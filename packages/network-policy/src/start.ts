import { namespaces, networkPolicies, nodes, pods } from '@kemu/api'
import type { Namespace, NetworkPolicy, Node, Pod } from '@kemu/api'
import type { Clock, Closers, Logger, Random } from '@kemu/base'
import { ApiEventRecorder, Reflector } from '@kemu/client'
import type { Client } from '@kemu/client'
import { runNft } from '@kemu/network/nft'
import type { RunNft } from '@kemu/network/nft'
import { Enforcer } from './enforcer.ts'
import { FactStore } from './fact-store.ts'
import { namespaceFacts, podFacts } from './facts.ts'
import type { NamespaceFacts, PodFacts } from './facts.ts'
import type { PolicyWorld } from './plan/policy-world.ts'

export interface NetworkPolicyOptions {
  readonly nodeName: string
  /** Why this node cannot enforce policies; undefined where it can. Writers of policies are told it by an event. */
  readonly impossible?: string
}

export interface NetworkPolicyDeps {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly closers: Closers
  /** For tests: nft in another network namespace. */
  readonly runNft?: RunNft
}

/**
 * Enforces NetworkPolicy objects on this node until the closers close. One watch while there is no policy; pods,
 * namespaces and the node are watched from the first one on.
 */
export function startNetworkPolicy(options: NetworkPolicyOptions, deps: NetworkPolicyDeps): void {
  const { nodeName, impossible } = options
  const { client, clock, random, logger, closers } = deps
  const reflectorDeps = { clock, random, logger }
  let surroundings: Surroundings | undefined
  const enforcer = closers.add(
    new Enforcer({
      clock,
      logger,
      runNft: deps.runNft ?? runNft,
      world: () => worldOf(nodeName, policies.list(), surroundings),
    }),
  )
  const policies = new FactStore<NetworkPolicy, NetworkPolicy>(
    (policy) => policy,
    () => {
      if (policies.list().length > 0 && impossible === undefined)
        surroundings ??= watchSurroundings(nodeName, deps, () => enforcer.changed())
      enforcer.changed()
    },
  )
  const sink = impossible === undefined ? policies : new Refusals(nodeName, impossible, deps)
  const watched = client.resource(networkPolicies)
  const reflector = new Reflector(watched, 'networkpolicies', {}, sink, reflectorDeps)
  closers.add(reflector)
  void reflector.run()
  // Also without any policy: an earlier life may have left rules.
  if (impossible === undefined) void policies.synced.then(() => enforcer.changed())
}

interface Surroundings {
  readonly pods: FactStore<Pod, PodFacts>
  readonly namespaces: FactStore<Namespace, NamespaceFacts>
  readonly node: FactStore<Node, string>
  isSynced: boolean
}

function watchSurroundings(
  nodeName: string,
  { client, clock, random, logger, closers }: NetworkPolicyDeps,
  onChange: () => void,
): Surroundings {
  const surroundings: Surroundings = {
    pods: new FactStore<Pod, PodFacts>(podFacts, onChange),
    namespaces: new FactStore<Namespace, NamespaceFacts>(namespaceFacts, onChange),
    node: new FactStore<Node, string>(({ spec }) => spec.podCIDR, onChange),
    isSynced: false,
  }
  const { pods: podStore, namespaces: namespaceStore, node } = surroundings
  const deps = { clock, random, logger }
  const own = { fieldSelector: `metadata.name=${nodeName}` }
  const reflectors = [
    new Reflector(client.resource(pods), 'pods', {}, podStore, deps),
    new Reflector(client.resource(namespaces), 'namespaces', {}, namespaceStore, deps),
    new Reflector(client.resource(nodes), 'nodes', own, node, deps),
  ]
  for (const reflector of reflectors) void closers.add(reflector).run()
  void Promise.all([podStore.synced, namespaceStore.synced, node.synced]).then(() => {
    surroundings.isSynced = true
    onChange()
  })
  return surroundings
}

function worldOf(
  nodeName: string,
  policies: readonly NetworkPolicy[],
  surroundings: Surroundings | undefined,
): PolicyWorld | undefined {
  const none = { nodeName, podCidr: undefined, policies, pods: [], namespaces: [] }
  if (policies.length === 0) return none
  if (!surroundings?.isSynced) return undefined
  return {
    ...none,
    podCidr: surroundings.node.list()[0],
    pods: surroundings.pods.list(),
    namespaces: surroundings.namespaces.list(),
  }
}

/** Where nothing can be enforced each policy is told so, once. */
class Refusals extends FactStore<NetworkPolicy, string> {
  constructor(nodeName: string, reason: string, deps: NetworkPolicyDeps) {
    const recorder = new ApiEventRecorder({ component: 'network-policy', host: nodeName }, deps)
    const told = new Set<string>()
    super(
      (policy) => {
        const { uid } = policy.metadata
        if (!told.has(uid)) {
          told.add(uid)
          const message = `Node ${nodeName} does not enforce this policy: ${reason}`
          recorder.record(policy, 'Warning', 'NotEnforced', message)
        }
        return uid
      },
      () => {},
    )
  }
}
