/**
 * The cluster's DNS: a work-alike of CoreDNS with the plugins that kubeadm's Corefile names, answering for services and
 * pods by the Kubernetes DNS specification 1.1.0. Upstream counterpart: github.com/coredns/coredns.
 */
export { CorefileError } from './corefile/corefile-error.ts'
export { parseCorefile } from './corefile/parser.ts'
export { Instance } from './instance.ts'
export type { Placement, PluginDeps } from './plugins/plugin.ts'
export { DnsServer } from './server.ts'
export type { ServerConfig } from './server.ts'
