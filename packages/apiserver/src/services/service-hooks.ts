import { invalid, services, statusError } from '@kemu/api'
import type { KubeObject, Service, ServicePort } from '@kemu/api'
import type { Logger } from '@kemu/base'
import type { Catalog } from '../registry/catalog.ts'
import type { Finish, ResourceHooks, WriteContext } from '../registry/write-context.ts'
import { AllocationError } from './ip-allocator.ts'
import type { IpAllocator } from './ip-allocator.ts'
import type { NodePortAllocator } from './node-port-allocator.ts'
import {
  headless,
  initFamilies,
  keepAllocated,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePorts,
  normalizeClusterIps,
  usesNodePorts,
} from './service-fields.ts'

export interface ServiceHooksDeps {
  readonly catalog: Catalog
  readonly addresses: IpAllocator
  readonly ports: NodePortAllocator
  readonly logger: Logger
}

/** What one write took and what it gives back. */
interface Ledger {
  readonly takenAddresses: string[]
  readonly takenPorts: number[]
  readonly freedAddresses: string[]
  readonly freedPorts: number[]
}

/** Gives services their addresses and node ports, and takes them back. */
export class ServiceHooks implements ResourceHooks {
  readonly #deps: ServiceHooksDeps

  constructor(deps: ServiceHooksDeps) {
    this.#deps = deps
  }

  beginCreate(object: KubeObject, context: WriteContext): Promise<Finish> {
    const service = object as Service
    normalizeClusterIps(service.spec, undefined)
    return this.#allocate(service, undefined, context)
  }

  beginUpdate(object: KubeObject, old: KubeObject, context: WriteContext): Promise<Finish> {
    const service = object as Service
    const before = old as Service
    keepAllocated(service.spec, before.spec)
    normalizeClusterIps(service.spec, before.spec)
    return this.#allocate(service, before, context)
  }

  afterDelete(object: KubeObject): void {
    const { spec } = object as Service
    this.#giveBack(realAddresses(spec.clusterIPs), portsOf(object as Service))
  }

  async #allocate(
    service: Service,
    old: Service | undefined,
    { dryRun }: WriteContext,
  ): Promise<Finish> {
    initFamilies(service, old)
    const ledger: Ledger = {
      takenAddresses: [],
      takenPorts: [],
      freedAddresses: [],
      freedPorts: [],
    }
    if (dryRun) {
      this.#imagine(service, old)
      return () => {}
    }
    try {
      await this.#allocateAddress(service, old, ledger)
      await this.#allocatePorts(service, old, ledger)
    } catch (error) {
      this.#giveBack(ledger.takenAddresses, ledger.takenPorts)
      throw error
    }
    return (written) => {
      if (written) this.#giveBack(ledger.freedAddresses, ledger.freedPorts)
      else this.#giveBack(ledger.takenAddresses, ledger.takenPorts)
    }
  }

  /** A dry run takes nothing; it shows what upstream's allocators say then: the range's own address, and guesses. */
  #imagine(service: Service, old: Service | undefined): void {
    const { spec } = service
    if (needsClusterIp(spec) && !spec.clusterIPs?.[0]) {
      spec.clusterIP = this.#deps.addresses.range.base
      spec.clusterIPs = [spec.clusterIP]
    }
    const had = new Set(old ? portsOf(old) : [])
    let guess = firstGuess
    for (const { port } of portSlots(service)) if (!port.nodePort) port.nodePort = guess++
    if (needsHealthCheckPort(spec) && !had.has(spec.healthCheckNodePort ?? 0))
      spec.healthCheckNodePort ||= guess
  }

  async #allocateAddress(
    { metadata, spec }: Service,
    old: Service | undefined,
    ledger: Ledger,
  ): Promise<void> {
    const before = old && needsClusterIp(old.spec) ? realAddresses(old.spec.clusterIPs) : []
    if (!needsClusterIp(spec)) {
      ledger.freedAddresses.push(...before)
      return
    }
    if (spec.clusterIPs?.[0] === headless || before.length > 0) return
    const owner = { namespace: metadata.namespace ?? '', name: metadata.name }
    const [wanted = ''] = spec.clusterIPs ?? []
    try {
      if (wanted === '') {
        const address = await this.#deps.addresses.takeAny(owner, (used) => this.#isUsed(used))
        spec.clusterIP = address
        spec.clusterIPs = [address]
        ledger.takenAddresses.push(address)
      } else {
        await this.#deps.addresses.take(wanted, owner)
        ledger.takenAddresses.push(wanted)
      }
    } catch (error) {
      throw addressRefusal(error, metadata.name, wanted, spec.clusterIPs ?? [])
    }
  }

  async #allocatePorts(service: Service, old: Service | undefined, ledger: Ledger): Promise<void> {
    const { spec } = service
    const before = new Set(old ? portsOf(old) : [])
    const slots = portSlots(service).filter((slot) => !before.has(slot.port.nodePort ?? 0))
    const shared = new Map<string, number>()
    for (const { port, path } of slots) {
      // TCP and UDP of one port number may share a node port.
      const twin = `${port.port} ${port.nodePort ?? 0}`
      const known = shared.get(twin)
      if (known !== undefined) {
        port.nodePort = known
        continue
      }
      const [taken = 0] = await this.#takePort(port.nodePort ?? 0, path, service)
      port.nodePort = taken
      shared.set(twin, taken)
      ledger.takenPorts.push(taken)
    }
    if (needsHealthCheckPort(spec) && !before.has(spec.healthCheckNodePort ?? 0)) {
      const [port = 0] = await this.#takePort(
        spec.healthCheckNodePort ?? 0,
        'spec.healthCheckNodePort',
        service,
      )
      spec.healthCheckNodePort = port
      ledger.takenPorts.push(port)
    }
    const kept = new Set(portsOf(service))
    ledger.freedPorts.push(...[...before].filter((port) => !kept.has(port)))
  }

  async #takePort(wanted: number, path: string, { metadata }: Service): Promise<number[]> {
    try {
      return await this.#deps.ports.take([wanted])
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error
      if (error.isFull) throw internal(`failed to allocate a nodePort: ${error.message}`)
      throw invalid('', 'Service', metadata.name, [
        {
          type: 'FieldValueInvalid',
          field: path,
          detail: `Invalid value: ${wanted}: ${error.message}`,
        },
      ])
    }
  }

  #isUsed(address: string): boolean {
    const { cache } = this.#deps.catalog.storeOf(services)
    return cache.all().some(({ object }) => (object as Service).spec.clusterIP === address)
  }

  /** In the background: what is lost in a crash, the repair finds. */
  #giveBack(addresses: readonly string[], ports: readonly number[]): void {
    const { addresses: allocator, ports: portAllocator, logger } = this.#deps
    const work = [
      ...addresses.map((address) => allocator.release(address)),
      ...(ports.length > 0 ? [portAllocator.release(ports)] : []),
    ]
    Promise.all(work).catch((error: unknown) =>
      logger.warn('Failed to release what a service had', { addresses, ports, err: error }),
    )
  }
}

/** Of node ports in a dry run (PortAllocationOperation.AllocateNext). */
const firstGuess = 32_769

interface PortSlot {
  readonly port: ServicePort
  readonly path: string
}

/** The ports that need a node port, or ask for one. */
function portSlots({ spec }: Service): PortSlot[] {
  if (!usesNodePorts(spec)) return []
  const all = (spec.ports ?? []).map((port, i) => ({ port, path: `spec.ports[${i}].nodePort` }))
  return needsNodePorts(spec) ? all : all.filter(({ port }) => port.nodePort)
}

/** Every node port that a service has. */
export function portsOf({ spec }: Service): number[] {
  const ports = (spec.ports ?? []).flatMap(({ nodePort }) => nodePort || [])
  return [...new Set([...ports, ...(spec.healthCheckNodePort ? [spec.healthCheckNodePort] : [])])]
}

export function realAddresses(addresses: readonly string[] | undefined): string[] {
  return (addresses ?? []).filter((address) => address !== headless && address !== '')
}

function addressRefusal(
  error: unknown,
  name: string,
  wanted: string,
  addresses: readonly string[],
): unknown {
  if (!(error instanceof AllocationError)) return error
  if (error.isFull) {
    return internal(
      `failed to allocate a serviceIP for Service ${JSON.stringify(name)}: ${error.message}`,
    )
  }
  return invalid('', 'Service', name, [
    {
      type: 'FieldValueInvalid',
      field: 'spec.clusterIPs',
      detail: `Invalid value: ${JSON.stringify(addresses)}: failed to allocate IP ${wanted}: ${error.message}`,
    },
  ])
}

function internal(message: string): Error {
  return statusError('InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  })
}
