/**
 * kube-proxy: connections to service addresses reach the endpoints behind them. One plan for each service, and two ways
 * to put it in effect: rules of the kernel (nftables, upstream's own table), or sockets of this process where there is
 * no packet filter. Upstream counterpart: k8s.io/kubernetes/pkg/proxy.
 */
export { ConfigError } from './config-fields.ts'
export { loadConfig, parseConfig } from './config.ts'
export type { ProxyConfig, ProxyNetwork } from './config.ts'
export { createMetrics } from './metrics.ts'
export { RuleCarrier } from './nftables/rule-carrier.ts'
export type { RuleCarrierDeps, RuleOptions } from './nftables/rule-carrier.ts'
export { planService } from './plan/plan-service.ts'
export type { PlanContext, ServicePlan } from './plan/plan-service.ts'
export { startProxy } from './server.ts'
export type { ProxyDeps, ProxyOptions } from './server.ts'
