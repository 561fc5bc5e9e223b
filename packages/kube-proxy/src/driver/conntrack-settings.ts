import { writeFileSync } from 'node:fs'
import type { Logger } from '@kemu/base'

/** Settings of this network namespace's connection tracking; undefined leaves the kernel's value. */
export interface ConntrackSettings {
  readonly tcpEstablishedTimeoutMs: number | undefined
  readonly tcpCloseWaitTimeoutMs: number | undefined
  readonly udpTimeoutMs: number | undefined
  readonly udpStreamTimeoutMs: number | undefined
  readonly tcpBeLiberal: boolean
}

/** Writes them as upstream does (cmd/kube-proxy/app/conntrack.go); a kernel that does not let us is told about once. */
export function applyConntrackSettings(settings: ConntrackSettings, logger: Logger): void {
  const seconds = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.round(ms / 1000)
  const values = {
    tcp_timeout_established: seconds(settings.tcpEstablishedTimeoutMs),
    tcp_timeout_close_wait: seconds(settings.tcpCloseWaitTimeoutMs),
    udp_timeout: seconds(settings.udpTimeoutMs),
    udp_timeout_stream: seconds(settings.udpStreamTimeoutMs),
    tcp_be_liberal: settings.tcpBeLiberal ? 1 : undefined,
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    try {
      writeFileSync(`/proc/sys/net/netfilter/nf_conntrack_${name}`, String(value))
    } catch (error) {
      logger.warn('Cannot set connection tracking', { name, value, err: error as Error })
    }
  }
}
