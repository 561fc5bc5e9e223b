import type { Flags, FlagSpecs } from '@kemu/base'

/**
 * Flags that kube-scheduler and kube-controller-manager share, with upstream's names and defaults (component-base
 * options). Those whose help says "ignored" have no meaning in Node and are taken so that upstream's manifests work.
 */
export const componentFlags = {
  kubeconfig: { type: 'string', help: 'kubeconfig file with the API server and our identity' },
  master: {
    type: 'string',
    help: 'address of the API server; overrides the one of the kubeconfig',
  },
  'authentication-kubeconfig': {
    type: 'string',
    help: 'kubeconfig file for TokenReviews; without it callers are anonymous or known by certificate',
  },
  'authorization-kubeconfig': {
    type: 'string',
    help: 'kubeconfig file for SubjectAccessReviews; without it only the always-allowed paths are served',
  },
  'authentication-skip-lookup': {
    type: 'boolean',
    help: 'do not read the client authority from the cluster',
  },
  'authentication-tolerate-lookup-failure': {
    type: 'boolean',
    default: true,
    help: 'serve when the client authority cannot be read from the cluster',
  },
  'authorization-always-allow-paths': {
    type: 'list',
    default: ['/healthz', '/readyz', '/livez'],
    help: 'paths that need no authorization',
  },
  'client-ca-file': { type: 'string', help: 'authority of client certificates' },
  'requestheader-client-ca-file': { type: 'string', help: 'authority of front proxies' },
  'requestheader-allowed-names': { type: 'list', help: 'common names of front proxies; none: any' },
  'requestheader-username-headers': {
    type: 'list',
    default: ['x-remote-user'],
    help: 'headers in which a front proxy names the user',
  },
  'requestheader-group-headers': {
    type: 'list',
    default: ['x-remote-group'],
    help: 'headers in which a front proxy names the groups',
  },
  'requestheader-extra-headers-prefix': {
    type: 'list',
    default: ['x-remote-extra-'],
    help: 'prefixes of headers with more about the user; read and not used',
  },
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'address of the secure port' },
  'tls-cert-file': { type: 'string', help: 'serving certificate; self-signed without it' },
  'tls-private-key-file': { type: 'string', help: 'key of the serving certificate' },
  'leader-elect': {
    type: 'boolean',
    default: true,
    help: 'work only while holding the leader lease',
  },
  'leader-elect-lease-duration': {
    type: 'duration',
    default: '15s',
    help: 'how long others wait for a leader that does not renew',
  },
  'leader-elect-renew-deadline': {
    type: 'duration',
    default: '10s',
    help: 'how long the leader tries to renew before it gives up',
  },
  'leader-elect-retry-period': {
    type: 'duration',
    default: '2s',
    help: 'pause between attempts to take or renew the lease',
  },
  'leader-elect-resource-lock': {
    type: 'string',
    default: 'leases',
    help: 'kind of the lock; only leases',
  },
  'leader-elect-resource-namespace': {
    type: 'string',
    default: 'kube-system',
    help: 'namespace of the lease',
  },
  'kube-api-qps': { type: 'number', default: 0, help: 'ignored: requests are not throttled here' },
  'kube-api-burst': { type: 'int', default: 0, help: 'ignored: requests are not throttled here' },
  'kube-api-content-type': {
    type: 'string',
    help: 'ignored: JSON, or gRPC where the server has it',
  },
  'feature-gates': { type: 'map', help: 'refused unless empty: no gate is emulated' },
  profiling: { type: 'boolean', default: true, help: 'ignored: no profiles are served' },
  v: { type: 'int', default: 0, help: 'verbosity; from 4 on it means --log-level=debug' },
} as const satisfies FlagSpecs

export type ComponentFlags = Flags<typeof componentFlags>
