import type { Clock, Logger, Random } from '@kemu/base'
import type { DNSConfig } from '@kemu/rpc/cri'
import type { KubeletConfiguration } from './config/kubelet-configuration.ts'
import type { NodePaths } from './config/node-paths.ts'
import type { Cri } from './cri/cri.ts'
import type { Machine } from './node/machine.ts'
import type { Registration } from './node/node-status.ts'
import type { MemoryMounts } from './volumes/memory-mounts.ts'

/** Everything that a kubelet takes from outside: the machine, time, chance, its runtime. */
export interface KubeletDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly paths: NodePaths
  readonly machine: Machine
  readonly config: KubeletConfiguration
  readonly registration: Registration
  readonly nodeName: string
  readonly hostname: string
  /** The node's own addresses, the first one before all. */
  readonly nodeIps: readonly string[]
  readonly hostDns: () => DNSConfig
  /** Text of the host's hosts file. */
  readonly nodeHosts: () => string
  /** Undefined where this kubelet cannot mount: emptyDir volumes in memory are directories then. */
  readonly memory: MemoryMounts | undefined
  readonly reachablePort: (host: string, port: number) => number
}
