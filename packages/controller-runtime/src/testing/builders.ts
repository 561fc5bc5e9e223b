import type {
  Deployment,
  Node,
  ObjectMeta,
  Pod,
  PodSpec,
  PodStatus,
  ReplicaSet,
  Service,
  Taint,
} from '@kemu/api'

let serial = 0

/** Metadata as a server would have made it; each call has another uid. */
export function meta(name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  serial += 1
  return {
    name,
    namespace: 'default',
    uid: `uid-${serial}`,
    resourceVersion: String(serial),
    creationTimestamp: '2026-01-01T00:00:00Z',
    generation: 1,
    ...more,
  }
}

interface PodOptions {
  readonly meta?: Partial<ObjectMeta>
  readonly spec?: Partial<PodSpec>
  readonly status?: PodStatus
  readonly ready?: boolean
  readonly requests?: Record<string, string>
}

export function pod(name: string, options: PodOptions = {}): Pod {
  const { requests, ready } = options
  const container = { name: 'main', image: 'pause', ...(requests && { resources: { requests } }) }
  const conditions =
    ready === undefined
      ? []
      : [
          {
            type: 'Ready',
            status: ready ? 'True' : 'False',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, options.meta),
    spec: { containers: [container], ...options.spec },
    status: { phase: ready ? 'Running' : 'Pending', conditions, ...options.status },
  }
}

interface NodeOptions {
  readonly labels?: Record<string, string>
  readonly taints?: Taint[]
  readonly unschedulable?: boolean
  readonly allocatable?: Record<string, string>
  /** undefined: the node never told anything. */
  readonly ready?: 'True' | 'False' | 'Unknown'
}

export function node(name: string, options: NodeOptions = {}): Node {
  const { labels, taints, unschedulable, ready } = options
  const metadata = meta(name, { labels: { 'kubernetes.io/hostname': name, ...labels } })
  delete metadata.namespace
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata,
    spec: { ...(taints && { taints }), ...(unschedulable && { unschedulable }) },
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...options.allocatable },
      conditions: ready
        ? [{ type: 'Ready', status: ready, lastHeartbeatTime: '2026-01-01T00:00:00Z' }]
        : [],
    },
  }
}

export function replicaSet(
  name: string,
  replicas: number,
  options: { meta?: Partial<ObjectMeta>; status?: Partial<ReplicaSet['status']> } = {},
): ReplicaSet {
  const labels = { app: 'web' }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(name, options.meta),
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'pause' }] } },
    },
    status: { replicas: 0, ...options.status },
  }
}

export function deployment(
  name: string,
  replicas: number,
  options: { meta?: Partial<ObjectMeta>; spec?: Partial<Deployment['spec']>; image?: string } = {},
): Deployment {
  const labels = { app: 'web' }
  const containers = [{ name: 'main', image: options.image ?? 'web:1' }]
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(name, options.meta),
    spec: {
      replicas,
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
      strategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
      },
      ...options.spec,
    },
    status: {},
  }
}

export function service(name: string, spec: Partial<Service['spec']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name),
    spec: {
      selector: { app: 'web' },
      clusterIP: '10.96.0.10',
      ports: [{ port: 80, targetPort: 8080 }],
      ...spec,
    },
    status: {},
  }
}
