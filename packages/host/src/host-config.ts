import type { HealthChecks } from './health-server.ts'
import type { Isolation, NetworkDriver } from '@kemu/network'

/**
 * What a host's supervisor needs to know, kept as etc/kemu/host.json in the host's directory. A host is known by its
 * name and directory; the address may change between two starts.
 */
export interface HostConfig {
  readonly name: string
  readonly address: string
  readonly driver: NetworkDriver
  readonly isolation: Isolation
  /** Flags of the kubelet besides those that every host gives it. */
  readonly kubeletFlags: readonly string[]
  /** What the host's health consists of, where somebody asks for it. */
  readonly health?: HealthChecks
}
