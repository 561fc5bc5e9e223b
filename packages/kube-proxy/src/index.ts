/**
 * kube-proxy as a user-space proxy: service addresses become real sockets, and each connection is spliced to an
 * endpoint. Upstream counterpart: k8s.io/kubernetes/pkg/proxy, with sockets in place of packet-filter rules; what that
 * changes stands in the README.
 */
export { ConfigError } from './config-fields.ts'
export { loadConfig, parseConfig } from './config.ts'
export type { ProxyConfig, ProxyNetwork } from './config.ts'
export { planService } from './plan/plan-service.ts'
export type { PlanContext, ServicePlan } from './plan/plan-service.ts'
export { startProxy } from './server.ts'
export type { ProxyDeps, ProxyOptions } from './server.ts'
