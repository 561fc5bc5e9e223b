import type { FlowSchema, PriorityLevelConfiguration } from '@kemu/api'
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '@kemu/api/kinds'

type SchemaSpec = FlowSchema['spec']
type LevelSpec = PriorityLevelConfiguration['spec']
type Rules = NonNullable<SchemaSpec['rules']>[number]
type Subjects = NonNullable<Rules['subjects']>
type ResourceRule = NonNullable<Rules['resourceRules']>[number]

/**
 * Levels that every cluster starts with (bootstrap.SuggestedPriorityLevelConfigurations): shares, lendable percent,
 * queues, hand.
 */
const suggestedLevels: Readonly<Record<string, readonly [number, number, number, number]>> = {
  system: [30, 33, 64, 6],
  'node-high': [40, 25, 64, 6],
  'leader-election': [10, 0, 16, 4],
  'workload-high': [40, 50, 128, 6],
  'workload-low': [100, 90, 128, 6],
  'global-default': [20, 50, 128, 6],
}
const queueLengthLimit = 50

const users = (...names: string[]): Subjects =>
  names.map((name) => ({ kind: 'User', user: { name } }))
const groups = (...names: string[]): Subjects =>
  names.map((name) => ({ kind: 'Group', group: { name } }))
const everybody = groups('system:unauthenticated', 'system:authenticated')
const kubeSystemAccounts: Subjects = [
  { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } },
]

const about = (
  verbs: string[],
  apiGroup: string,
  resources: string[],
  clusterScope: boolean,
): ResourceRule => ({
  verbs,
  apiGroups: [apiGroup],
  resources,
  ...(clusterScope && { clusterScope }),
  namespaces: ['*'],
})
const everything = (subjects: Subjects): Rules => ({
  subjects,
  resourceRules: [about(['*'], '*', ['*'], true)],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
})
const leases = (verbs: string[]): ResourceRule =>
  about(verbs, 'coordination.k8s.io', ['leases'], false)

function schema(
  level: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  rules: Rules,
): SchemaSpec {
  return {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(distinguisher && { distinguisherMethod: { type: distinguisher } }),
    rules: [rules],
  }
}

/** Schemas that every cluster starts with (bootstrap.SuggestedFlowSchemas). */
const suggestedSchemas: Readonly<Record<string, SchemaSpec>> = {
  'system-nodes': schema('system', 500, 'ByUser', everything(groups('system:nodes'))),
  'system-node-high': schema('node-high', 400, 'ByUser', {
    subjects: groups('system:nodes'),
    resourceRules: [about(['*'], '', ['nodes', 'nodes/status'], true), leases(['*'])],
  }),
  probes: schema('exempt', 2, undefined, {
    subjects: everybody,
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  'system-leader-election': schema('leader-election', 100, 'ByUser', {
    subjects: [
      ...users('system:kube-controller-manager', 'system:kube-scheduler'),
      ...kubeSystemAccounts,
    ],
    resourceRules: [leases(['get', 'create', 'update'])],
  }),
  'kube-controller-manager': schema(
    'workload-high',
    800,
    'ByNamespace',
    everything(users('system:kube-controller-manager')),
  ),
  'kube-scheduler': schema(
    'workload-high',
    800,
    'ByNamespace',
    everything(users('system:kube-scheduler')),
  ),
  'kube-system-service-accounts': schema(
    'workload-high',
    900,
    'ByNamespace',
    everything(kubeSystemAccounts),
  ),
  'service-accounts': schema(
    'workload-low',
    9000,
    'ByUser',
    everything(groups('system:serviceaccounts')),
  ),
  'global-default': schema('global-default', 9900, 'ByUser', everything(everybody)),
}

export const bootstrapSchemas: Readonly<Record<string, SchemaSpec>> = {
  ...mandatoryFlowSchemas,
  ...suggestedSchemas,
}

export const bootstrapLevels: Readonly<Record<string, LevelSpec>> = {
  ...mandatoryPriorityLevels,
  ...Object.fromEntries(
    Object.entries(suggestedLevels).map(([name, numbers]) => [name, levelOf(...numbers)]),
  ),
}

function levelOf(
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queues: number,
  handSize: number,
): LevelSpec {
  return {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares,
      lendablePercent,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit } },
    },
  }
}
