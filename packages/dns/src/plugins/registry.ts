import { cache } from './cache.ts'
import { errors } from './errors.ts'
import { forward } from './forward.ts'
import { health } from './health.ts'
import { kubernetes } from './kubernetes.ts'
import { loadbalance } from './loadbalance.ts'
import { log } from './log.ts'
import { loop } from './loop.ts'
import type { Setup } from './plugin.ts'
import { prometheus } from './prometheus.ts'
import { ready } from './ready.ts'
import { template } from './template.ts'

/**
 * Every directive in the order in which queries pass them, whatever their order in the Corefile (CoreDNS: plugin.cfg).
 * `reload` is the whole server's and stands in reload.ts.
 */
export const registry: Readonly<Record<string, Setup>> = {
  ready,
  health,
  prometheus,
  errors,
  log,
  loadbalance,
  cache,
  template,
  kubernetes,
  loop,
  forward,
}

/** CoreDNS's other directives: refused as not emulated, where any other word is unknown. */
export const notEmulated: ReadonlySet<string> = new Set(
  (
    'acl any auto autopath azure bind bufsize cancel chaos clouddns debug dns64 dnssec dnstap erratic etcd file ' +
    'geoip grpc grpc_server header hosts https https3 import k8s_external local metadata minimal multisocket nomad ' +
    'nsid pprof quic rewrite root route53 secondary sign startup shutdown timeouts tls trace transfer tsig view whoami'
  ).split(' '),
)
