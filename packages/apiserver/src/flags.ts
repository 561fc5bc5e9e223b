import type { FlagSpecs } from '@kemu/base'

/** kubeadm's flags with upstream's meanings; the last two are kemu's own. */
export const apiserverFlags = {
  'advertise-address': {
    type: 'string',
    help: 'address on which members of the cluster reach this server',
  },
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'address to listen on' },
  'secure-port': { type: 'int', default: 6443, help: 'port of the REST API (HTTPS)' },
  'tls-cert-file': { type: 'string', help: 'certificate for HTTPS (PEM)' },
  'tls-private-key-file': { type: 'string', help: 'its private key (PEM)' },
  'client-ca-file': { type: 'string', help: 'authority of client certificates' },
  'allow-privileged': { type: 'boolean', default: true, help: 'allow privileged containers' },
  'anonymous-auth': {
    type: 'boolean',
    default: true,
    help: 'let unknown callers in as system:anonymous',
  },
  'authorization-mode': {
    type: 'list',
    default: ['AlwaysAllow'],
    help: 'Node, RBAC, AlwaysAllow or AlwaysDeny, in order',
  },
  'enable-admission-plugins': { type: 'list', help: 'admission plugins besides the default ones' },
  'disable-admission-plugins': { type: 'list', help: 'default admission plugins to leave out' },
  'enable-bootstrap-token-auth': {
    type: 'boolean',
    default: false,
    help: 'know callers by bootstrap tokens',
  },
  'etcd-servers': { type: 'list', help: 'endpoints of etcd, or memory:' },
  'etcd-cafile': { type: 'string', help: 'authority of etcd' },
  'etcd-certfile': { type: 'string', help: 'client certificate for etcd' },
  'etcd-keyfile': { type: 'string', help: 'its private key' },
  'etcd-compaction-interval': {
    type: 'duration',
    default: '5m',
    help: 'how often history is forgotten; 0 is never',
  },
  'event-ttl': { type: 'duration', default: '1h', help: 'how long events are kept' },
  'kubelet-client-certificate': { type: 'string', help: 'client certificate for kubelets' },
  'kubelet-client-key': { type: 'string', help: 'its private key' },
  'kubelet-certificate-authority': {
    type: 'string',
    help: 'authority of kubelets; absent means that they are not verified',
  },
  'kubelet-preferred-address-types': {
    type: 'list',
    default: ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
    help: 'kinds of node addresses to try, in order',
  },
  'proxy-client-cert-file': { type: 'string', help: 'client certificate for aggregated servers' },
  'proxy-client-key-file': { type: 'string', help: 'its private key' },
  'requestheader-allowed-names': {
    type: 'list',
    help: 'common names of front proxies; empty is any',
  },
  'requestheader-client-ca-file': { type: 'string', help: 'authority of front proxies' },
  'requestheader-extra-headers-prefix': {
    type: 'list',
    help: 'prefixes of headers with extra facts of a user',
  },
  'requestheader-group-headers': { type: 'list', help: 'headers with the groups of a user' },
  'requestheader-username-headers': { type: 'list', help: 'headers with the name of a user' },
  'service-account-issuer': {
    type: 'list',
    default: ['https://kubernetes.default.svc.cluster.local'],
    help: 'issuer of service account tokens; the first one signs',
  },
  'service-account-key-file': { type: 'list', help: 'keys that verify service account tokens' },
  'service-account-signing-key-file': {
    type: 'string',
    help: 'private key that signs service account tokens',
  },
  'api-audiences': { type: 'list', help: 'audiences of this server; absent means its issuer' },
  'service-cluster-ip-range': {
    type: 'string',
    default: '10.0.0.0/24',
    help: 'addresses of services',
  },
  'service-node-port-range': {
    type: 'string',
    default: '30000-32767',
    help: 'node ports of services',
  },
  'endpoint-reconciler-type': { type: 'string', default: 'lease', help: 'lease or none' },
  'default-not-ready-toleration-seconds': {
    type: 'int',
    default: 300,
    help: 'toleration of not-ready nodes',
  },
  'default-unreachable-toleration-seconds': {
    type: 'int',
    default: 300,
    help: 'toleration of unreachable nodes',
  },
  'shutdown-delay-duration': {
    type: 'duration',
    default: '0s',
    help: 'time between the end of readiness and the end',
  },
  'max-requests-inflight': {
    type: 'int',
    default: 400,
    help: 'with the next one: seats that the priority levels share',
  },
  'max-mutating-requests-inflight': {
    type: 'int',
    default: 200,
    help: 'with the one before: seats that the priority levels share',
  },
  'runtime-config': { type: 'map', help: 'API versions to turn on or off' },
  'feature-gates': {
    type: 'map',
    help: 'features to turn on or off; those that kemu has are always on',
  },
  profiling: { type: 'boolean', default: true, help: 'accepted; there are no profiles' },
  v: { type: 'int', default: 0, help: 'accepted; use --log-level' },
  'grpc-secure-port': {
    type: 'int',
    default: 6444,
    help: "port of kemu's gRPC resource API; 0 is none",
  },
  'pod-loopback-range': {
    type: 'string',
    help: 'loopback addresses that endpoints and nodes may have (loopback driver)',
  },
} as const satisfies FlagSpecs
