import type { Flags, FlagSpecs } from '@kemu/base'
import { componentFlags } from '@kemu/controller-runtime'

const certificateYear = '8760h0m0s'

/** kube-controller-manager's flags, with upstream's names and defaults; service-lb-address is ours. */
export const controllerManagerFlags = {
  ...componentFlags,
  'secure-port': {
    type: 'int',
    default: 10257,
    help: 'HTTPS port with health and metrics; 0: none',
  },
  'leader-elect-resource-name': {
    type: 'string',
    default: 'kube-controller-manager',
    help: 'name of the lease',
  },
  controllers: {
    type: 'list',
    default: ['*'],
    help: 'controllers to run: * for the default ones, NAME for one more, -NAME for one less',
  },
  'use-service-account-credentials': {
    type: 'boolean',
    help: 'each controller writes as a service account of its own',
  },

  'service-account-private-key-file': {
    type: 'string',
    help: 'key that signs tokens of service-account-token secrets',
  },
  'root-ca-file': {
    type: 'string',
    help: 'authority that is published as kube-root-ca.crt and in token secrets',
  },

  'allocate-node-cidrs': { type: 'boolean', help: 'give each node a range for its pods' },
  'cluster-cidr': { type: 'list', help: 'ranges for pods' },
  'cluster-name': { type: 'string', default: 'kubernetes', help: 'name of the cluster' },
  'service-cluster-ip-range': { type: 'list', help: 'range of services; no node range lies in it' },
  'node-cidr-mask-size': {
    type: 'int',
    default: 0,
    help: 'size of a node range; 0 means 24 or 64',
  },
  'node-cidr-mask-size-ipv4': { type: 'int', default: 0, help: 'the same for IPv4' },
  'node-cidr-mask-size-ipv6': { type: 'int', default: 0, help: 'the same for IPv6' },
  'configure-cloud-routes': {
    type: 'boolean',
    default: true,
    help: 'ignored: there is no cloud to configure',
  },
  'cloud-provider': { type: 'string', help: 'empty or external; there is no cloud either way' },

  'node-monitor-period': { type: 'duration', default: '5s', help: 'pause between looks at nodes' },
  'node-monitor-grace-period': {
    type: 'duration',
    default: '50s',
    help: 'silence after which a node counts as unhealthy',
  },
  'node-startup-grace-period': {
    type: 'duration',
    default: '1m',
    help: 'silence that a starting node may keep',
  },
  'node-eviction-rate': {
    type: 'number',
    default: 0.1,
    help: 'nodes a second whose pods are evicted in a healthy zone',
  },
  'secondary-node-eviction-rate': {
    type: 'number',
    default: 0.01,
    help: 'the same in a large zone that is mostly unhealthy',
  },
  'unhealthy-zone-threshold': {
    type: 'number',
    default: 0.55,
    help: 'share of unhealthy nodes from which on a zone counts as unhealthy',
  },
  'large-cluster-size-threshold': {
    type: 'int',
    default: 50,
    help: 'nodes from which on a zone counts as large',
  },
  'terminated-pod-gc-threshold': {
    type: 'int',
    default: 12500,
    help: 'ended pods that may stay before the oldest are deleted',
  },
  'enable-garbage-collector': { type: 'boolean', default: true, help: 'delete what has no owner' },

  'cluster-signing-cert-file': { type: 'string', help: 'authority that signs requests' },
  'cluster-signing-key-file': { type: 'string', help: 'its key' },
  'cluster-signing-duration': {
    type: 'duration',
    default: certificateYear,
    help: 'longest life of a signed certificate',
  },
  'cluster-signing-kube-apiserver-client-cert-file': {
    type: 'string',
    help: 'authority of kubernetes.io/kube-apiserver-client',
  },
  'cluster-signing-kube-apiserver-client-key-file': { type: 'string', help: 'its key' },
  'cluster-signing-kubelet-client-cert-file': {
    type: 'string',
    help: 'authority of kubernetes.io/kube-apiserver-client-kubelet',
  },
  'cluster-signing-kubelet-client-key-file': { type: 'string', help: 'its key' },
  'cluster-signing-kubelet-serving-cert-file': {
    type: 'string',
    help: 'authority of kubernetes.io/kubelet-serving',
  },
  'cluster-signing-kubelet-serving-key-file': { type: 'string', help: 'its key' },
  'cluster-signing-legacy-unknown-cert-file': {
    type: 'string',
    help: 'authority of kubernetes.io/legacy-unknown',
  },
  'cluster-signing-legacy-unknown-key-file': { type: 'string', help: 'its key' },

  'concurrent-deployment-syncs': { type: 'int', default: 5, help: 'deployments worked on at once' },
  'concurrent-replicaset-syncs': {
    type: 'int',
    default: 5,
    help: 'replica sets worked on at once',
  },
  'concurrent-daemonset-syncs': { type: 'int', default: 2, help: 'daemon sets worked on at once' },
  'concurrent-endpoint-syncs': { type: 'int', default: 5, help: 'endpoints worked on at once' },
  'concurrent-service-endpoint-syncs': {
    type: 'int',
    default: 5,
    help: 'services worked on at once by the endpoint slice controller',
  },
  'concurrent-namespace-syncs': { type: 'int', default: 10, help: 'namespaces deleted at once' },
  'concurrent-horizontal-pod-autoscaler-syncs': {
    type: 'int',
    default: 5,
    help: 'autoscalers worked on at once',
  },
  'horizontal-pod-autoscaler-sync-period': {
    type: 'duration',
    default: '15s',
    help: 'pause between looks at an autoscaler',
  },
  'concurrent-resource-quota-syncs': { type: 'int', default: 5, help: 'quotas counted at once' },
  'resource-quota-sync-period': {
    type: 'duration',
    default: '5m',
    help: 'pause after which a quota is counted anew without a reason',
  },
  'concurrent-job-syncs': { type: 'int', default: 5, help: 'jobs worked on at once' },
  'concurrent-cron-job-syncs': { type: 'int', default: 5, help: 'cron jobs worked on at once' },
  'concurrent-statefulset-syncs': {
    type: 'int',
    default: 5,
    help: 'stateful sets worked on at once',
  },
  'concurrent-ttl-after-finished-syncs': {
    type: 'int',
    default: 5,
    help: 'finished jobs deleted at once',
  },
  'concurrent-gc-syncs': { type: 'int', default: 20, help: 'objects collected at once' },
  'concurrent-rc-syncs': { type: 'int', default: 5, help: 'replication controllers at once' },
  'concurrent-serviceaccount-token-syncs': {
    type: 'int',
    default: 5,
    help: 'service accounts worked on at once',
  },
  'namespace-sync-period': {
    type: 'duration',
    default: '5m',
    help: 'ignored: namespaces are worked on when they change',
  },
  'node-sync-period': { type: 'duration', default: '0s', help: 'ignored, as upstream ignores it' },
  'min-resync-period': {
    type: 'duration',
    default: '12h',
    help: 'ignored: caches are not replayed',
  },

  'service-lb-address': {
    type: 'string',
    default: 'localhost',
    help: 'name or address that Services of type LoadBalancer are given (kemu)',
  },
} as const satisfies FlagSpecs

export type ControllerManagerFlags = Flags<typeof controllerManagerFlags>
