import type { HealthChecks } from './health-server.ts'
import type { Isolation, NetworkDriver } from '@kemu/network'

/**
 * Who knows the hosts' addresses: a hosts file that is written at each start, or DNS (a container engine's), which is
 * asked at each dial and so also finds a peer that came back elsewhere while its own host ran on.
 */
export type NameService = 'hosts-file' | 'dns'

/**
 * What a host's supervisor needs to know, kept as etc/kemu/host.json in the host's directory. A host is known by its
 * name and directory; the address may change between two starts.
 */
export interface HostConfig {
  readonly name: string
  readonly address: string
  readonly driver: NetworkDriver
  readonly isolation: Isolation
  /** The cluster's pod network; the node's part of it comes from the API. */
  readonly podCidr: string
  /** Where the addresses of the other hosts' names come from. */
  readonly nameService: NameService
  /** Flags of the kubelet besides those that every host gives it. */
  readonly kubeletFlags: readonly string[]
  /** What the host's health consists of, where somebody asks for it. */
  readonly health?: HealthChecks
}
