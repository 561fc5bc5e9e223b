import { join } from 'node:path'
import type { Logger } from '@kemu/base'
import { AddressLeases } from '../pod/address-leases.ts'
import type { BuiltInDriver } from '../pod/built-in-driver.ts'
import type { NetworkNotReady, PodConnection, PodJoin, PodNetwork } from '../pod/pod-network.ts'
import { AttachmentRecords } from './attachment-records.ts'
import type { AttachmentRecord } from './attachment-records.ts'
import { readBuiltInNetwork } from './built-in-plugin.ts'
import type { BuiltInNetwork } from './built-in-plugin.ts'
import { capabilityArguments, cniArgs } from './capability-arguments.ts'
import type { NetworkedPod } from './capability-arguments.ts'
import { ConfigurationDirectory } from './configuration-directory.ts'
import { describeConfiguration } from './describe-configuration.ts'
import { parseNetworkList, parseSinglePlugin } from './network-list.ts'
import type { NetworkList } from './network-list.ts'
import { addToNetwork, checkOnNetwork, deleteFromNetwork } from './plugin-chain.ts'
import type { Attachment } from './plugin-chain.ts'
import { CniError } from './plugin-process.ts'
import type { RunPlugin } from './plugin-process.ts'
import { podAddresses, viewResult } from './result.ts'
import type { CniResult } from './result.ts'

export interface CniPodNetworkDeps {
  readonly logger: Logger
  readonly driver: BuiltInDriver
  readonly runPlugin: RunPlugin
  readonly pluginDirs: readonly string[]
  /** /etc/cni/net.d */
  readonly configurationDir: string
  /** /var/lib/cni: leases in `networks`, attachments in `results`. */
  readonly stateDir: string
}

/** The interface of the first, and only, network of a pod. */
const interfaceName = 'eth0'

/** What a configuration came to. `builtIn` is the part of its chain that the runtime does itself. */
interface Network {
  readonly list: NetworkList
  readonly builtIn: BuiltInPart | undefined
}

interface BuiltInPart {
  readonly network: BuiltInNetwork
  readonly leases: AddressLeases
  readonly prepared: Promise<void>
}

/**
 * The pod network that /etc/cni/net.d names (CNI specification 1.0). A list that begins with the built-in plugin costs
 * no process of its own; all other plugins are executed. Pods that joined under an earlier configuration leave by it.
 */
export class CniPodNetwork implements PodNetwork {
  readonly #deps: CniPodNetworkDeps
  readonly #directory: ConfigurationDirectory
  readonly #records: AttachmentRecords
  /** By network, also of earlier configurations. */
  readonly #leases = new Map<string, AddressLeases>()
  #network: Network | undefined
  #problem: string | undefined

  constructor(deps: CniPodNetworkDeps) {
    this.#deps = deps
    this.#records = new AttachmentRecords(join(deps.stateDir, 'results'))
    this.#directory = new ConfigurationDirectory(deps.configurationDir, {
      logger: deps.logger,
      onChange: (list) => this.#take(list),
    })
  }

  get name(): 'loopback' | 'netns' {
    return this.#deps.driver.name
  }

  /** Reads the directory, and follows it until closed. */
  start(): void {
    this.#directory.start()
  }

  close(): void {
    this.#directory.close()
  }

  notReady(): NetworkNotReady | undefined {
    if (!this.#network || this.#problem !== undefined) this.#directory.load()
    if (this.#network && this.#problem === undefined) return undefined
    const message = `Network plugin returns error: ${this.#problem ?? 'cni plugin not initialized'}`
    return { reason: 'NetworkPluginNotReady', message }
  }

  async join(pod: NetworkedPod): Promise<PodJoin> {
    const network = this.#network
    if (!network || this.#problem !== undefined)
      throw new CniError(this.#problem ?? 'cni plugin not initialized')
    const { list, builtIn } = network
    if (!builtIn) {
      const attachment = {
        kind: 'namespace',
        podBatch: 'link set lo up\n',
        hostBatch: undefined,
      } as const
      return { attachment, complete: (path) => this.#runPrograms(pod, path, list, undefined) }
    }
    await builtIn.prepared
    const { driver } = this.#deps
    const { sandboxId } = pod
    const address = builtIn.leases.take(sandboxId)
    return {
      attachment: driver.attachment(sandboxId, address, builtIn.network),
      complete: async (path) => {
        const first = builtIn.network.programsFrom
        if (first >= list.plugins.length) return { addresses: [address] }
        const result = driver.result(sandboxId, address, path)
        return this.#runPrograms(pod, path, list, { result, first })
      },
    }
  }

  async leave(sandboxId: string, namespacePath: string): Promise<void> {
    const record = this.#records.find(sandboxId)
    if (!record) return
    const list = listOf(record)
    const first = readBuiltInNetwork(list)?.programsFrom ?? 0
    const attachment = attachmentOf(record, namespacePath)
    await deleteFromNetwork(this.#deps.runPlugin, list, attachment, record.result, first)
    this.#records.remove(record)
  }

  release(sandboxId: string): void {
    for (const leases of this.#leases.values()) leases.release(sandboxId)
  }

  async retain(sandboxIds: ReadonlySet<string>): Promise<void> {
    for (const leases of this.#leases.values()) {
      for (const holder of leases.holders()) if (!sandboxIds.has(holder)) leases.release(holder)
    }
    for (const id of this.#records.containerIds()) {
      if (sandboxIds.has(id)) continue
      await this.leave(id, '').catch((err: Error) => {
        this.#deps.logger.error('Cannot remove a lost pod from its network', { sandbox: id, err })
      })
    }
  }

  async check(sandboxId: string, namespacePath: string): Promise<void> {
    const record = this.#records.find(sandboxId)
    if (!record?.result) return
    const list = listOf(record)
    const programs = list.plugins.slice(readBuiltInNetwork(list)?.programsFrom ?? 0)
    const attachment = attachmentOf(record, namespacePath)
    await checkOnNetwork(
      this.#deps.runPlugin,
      { ...list, plugins: programs },
      attachment,
      record.result,
    )
  }

  opensHostPorts(sandboxId: string): boolean {
    const record = this.#records.find(sandboxId)
    const network = record ? readBuiltInNetwork(listOf(record)) : this.#network?.builtIn?.network
    return network?.hostPorts ?? false
  }

  environment(address: string): Readonly<Record<string, string>> {
    return this.#deps.driver.environment(address)
  }

  reachablePort(port: number): number {
    return this.#deps.driver.reachablePort(port)
  }

  describe(): Readonly<Record<string, string>> {
    const { pluginDirs, configurationDir } = this.#deps
    const status = this.#directory.failure ?? this.#problem ?? 'OK'
    return {
      cniconfig: describeConfiguration(pluginDirs, configurationDir, this.#directory.list),
      lastCNILoadStatus: status,
      'lastCNILoadStatus.default': status,
    }
  }

  describePod(sandboxId: string, namespacePath: string): object | undefined {
    const result =
      this.#records.find(sandboxId)?.result ?? this.#leaseResult(sandboxId, namespacePath)
    return result && viewResult(result)
  }

  #leaseResult(sandboxId: string, namespacePath: string): CniResult | undefined {
    const address = [...this.#leases.values()]
      .map((leases) => leases.addressOf(sandboxId))
      .find((each) => each !== undefined)
    return address === undefined
      ? undefined
      : this.#deps.driver.result(sandboxId, address, namespacePath)
  }

  #take(list: NetworkList | undefined): void {
    this.#network = undefined
    this.#problem = undefined
    if (!list) return
    try {
      const builtIn = readBuiltInNetwork(list)
      const hasPrograms = (builtIn?.programsFrom ?? 0) < list.plugins.length
      if (hasPrograms) this.#problem = this.#deps.driver.refusesPrograms
      this.#network = { list, builtIn: builtIn && this.#open(builtIn) }
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #open(network: BuiltInNetwork): BuiltInPart {
    const known = this.#leases.get(network.name)
    known?.move(network.podCidr)
    const dir = join(this.#deps.stateDir, 'networks', network.name)
    const leases = known ?? new AddressLeases(dir, network.podCidr)
    this.#leases.set(network.name, leases)
    const prepared = this.#deps.driver.prepare(network)
    prepared.catch((error: Error) => {
      if (this.#network?.builtIn?.prepared === prepared) this.#fail(error)
    })
    return { network, leases, prepared }
  }

  #fail(error: Error): void {
    this.#problem = error.message
    this.#deps.logger.error('Cannot use the pod network', { err: error })
  }

  async #runPrograms(
    pod: NetworkedPod,
    namespacePath: string,
    list: NetworkList,
    previous: { readonly result: CniResult; readonly first: number } | undefined,
  ): Promise<PodConnection> {
    const record: AttachmentRecord = {
      containerId: pod.sandboxId,
      source: list.source,
      interfaceName,
      networkName: list.name,
      args: cniArgs(pod),
      capabilityArgs: capabilityArguments(pod),
    }
    // Before ADD: what half of it did must be undone after a crash too.
    this.#records.save(record)
    const attachment = attachmentOf(record, namespacePath)
    const result = await addToNetwork(this.#deps.runPlugin, list, attachment, previous)
    const addresses = podAddresses(result)
    if (addresses.length === 0)
      throw new CniError(`network ${JSON.stringify(list.name)} gave the pod no address`)
    this.#records.save({ ...record, result })
    return { addresses }
  }
}

function listOf({ source }: AttachmentRecord): NetworkList {
  return 'plugins' in (JSON.parse(source) as object)
    ? parseNetworkList(source)
    : parseSinglePlugin(source)
}

function attachmentOf(record: AttachmentRecord, namespacePath: string): Attachment {
  const { containerId, interfaceName: name, args, capabilityArgs } = record
  return { containerId, namespacePath, interfaceName: name, args, capabilityArgs }
}
