import type { BuiltInNetwork } from '../cni/built-in-plugin.ts'
import type { CniResult } from '../cni/result.ts'
import type { PodAttachment } from './pod-network.ts'

/** What the built-in plugin does with a pod that has an address: one for each driver of the host's network. */
export interface BuiltInDriver {
  readonly name: 'loopback' | 'netns'
  /** Whether plugins that are programs can work here; else the sentence that says why not. */
  readonly refusesPrograms: string | undefined
  /** What the host needs once for a network, before its first pod. Rejects when that cannot be had. */
  prepare(network: BuiltInNetwork): Promise<void>
  attachment(sandboxId: string, address: string, network: BuiltInNetwork): PodAttachment
  /** What a plugin would have answered to ADD. */
  result(sandboxId: string, address: string, namespacePath: string): CniResult
  environment(address: string): Readonly<Record<string, string>>
  reachablePort(port: number): number
}
