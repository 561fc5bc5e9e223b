import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import { deepEqual, endpointSlices, nodes, services } from '@kemu/api'
import type { EndpointSlice, Node, ObjectReference, Service } from '@kemu/api'
import type { Clock, Closers, Logger, Random } from '@kemu/base'
import { ApiEventRecorder, Informers } from '@kemu/client'
import type { Client, Informer } from '@kemu/client'
import { detectPortFloor } from '@kemu/network/address'
import type { HostPort } from '@kemu/network/address'
import { placeOnNode } from './config.ts'
import type { ProxyConfig } from './config.ts'
import { isInsideOf, leaseAddress, planContext } from './context.ts'
import { GatewayClient } from './driver/gateway-client.ts'
import { applyConntrackSettings } from './driver/conntrack-settings.ts'
import { DeviceRoutes } from './driver/device-routes.ts'
import { isOwnAddress, LocalRoutes, runIp } from './driver/local-routes.ts'
import { ServingLease } from './driver/serving-lease.ts'
import { FrontendTable } from './forward/frontend-table.ts'
import { SocketCarrier } from './forward/socket-carrier.ts'
import { openTcp } from './forward/tcp-forwarder.ts'
import { udpForwarder } from './forward/udp-forwarder.ts'
import { serveHealth, serveMetrics } from './health/health-server.ts'
import { ProxyHealth } from './health/proxy-health.ts'
import { ServiceHealth } from './health/service-health.ts'
import { createMetrics } from './metrics.ts'
import type { ProxyMetrics } from './metrics.ts'
import { runNft } from '@kemu/network/nft'
import { RuleCarrier } from './nftables/rule-carrier.ts'
import { runConntrack, StaleFlows } from './nftables/stale-flows.ts'
import type { PlanContext } from './plan/plan-service.ts'
import { Proxier } from './proxier.ts'
import type { LocalAddresses } from './proxier.ts'
import type { ServiceCarrier } from './service-carrier.ts'
import { byService, serviceOfSlice } from './slice-index.ts'

export interface ProxyDeps {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly closers: Closers
}

export interface ProxyOptions {
  readonly config: ProxyConfig
  readonly nodeName: string
  /** Where the gateway to the person's machine listens, if there is one. */
  readonly gatewaySocket: string
}

/** So long the person's ports stay open without a kube-proxy: enough for the kubelet to start it again. */
const gatewayLingerMs = 120_000

/** Headless services and those that another proxy serves are not ours (upstream: the informers' selector). */
const ourServices = {
  labelSelector: '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name',
}

/** Builds kube-proxy's parts by hand and starts them in order; resolves when the first state is in effect. */
export async function startProxy(options: ProxyOptions, deps: ProxyDeps): Promise<void> {
  const { config, nodeName } = options
  const { client, clock, logger, closers } = deps
  const informers = closers.add(new Informers(client, deps))
  const serviceInformer = informers.of(services, ourServices)
  const sliceInformer = informers.of(endpointSlices, ourServices)
  const nodeInformer = informers.of(nodes, { fieldSelector: `metadata.name=${nodeName}` })
  sliceInformer.addIndex(byService, (slice) => [serviceOfSlice(slice) ?? ''])
  const [portFloor, carrierKind] = await Promise.all([
    config.network === 'loopback' ? detectPortFloor() : 0,
    chooseCarrier(config, logger),
    informers.start(),
  ])

  const contextOf = (node: Node): PlanContext => planContext(node, options, portFloor, carrierKind)
  const context = await usableContext(nodeInformer, nodeName, contextOf, logger)
  const [nodeAddress] = context.nodePortAddresses as [string]
  const metrics = createMetrics()
  const health = new ProxyHealth(clock)
  const node = (): Node | undefined => nodeInformer.lister.get(nodeName)
  const mode = carrierKind === 'rules' ? 'nftables' : `kemu-${config.network}`
  await serveStatus(nodeAddress, { config, mode, health, metrics, node, logger, closers })

  const recorder = new ApiEventRecorder({ component: 'kube-proxy', host: nodeName }, deps)
  const warn = (service: string, reason: string, message: string): void => {
    logger.warn(message, { service, reason })
    const object = serviceInformer.lister.get(service)
    if (object) recorder.record(object, 'Warning', reason, message)
  }
  const serviceHealth = closers.add(
    new ServiceHealth(context.nodePortAddresses, {
      health,
      nodeName,
      onFailure: (service, text) => warn(service, 'FailedToStartServiceHealthcheck', text),
    }),
  )
  const frontends = closers.add(
    new FrontendTable({
      ...deps,
      open: {
        TCP: openTcp,
        UDP: udpForwarder({
          unansweredMs: config.udpTimeoutMs,
          streamMs: config.udpStreamTimeoutMs,
        }),
      },
      isInside: isInsideOf(config.clusterCidrs, context.nodePortAddresses),
      onUnavailable: ({ service }, message) => warn(service, 'PortUnavailable', message),
    }),
  )
  const gateway = openGateway(options, carrierKind, deps)
  const proxier = new Proxier(context, {
    clock,
    logger,
    services: serviceInformer.lister,
    slices: sliceInformer.lister,
    carrier:
      carrierKind === 'rules'
        ? openRules(options, frontends, metrics, deps)
        : new SocketCarrier(frontends),
    localAddresses: await openLocalAddresses(config, carrierKind, nodeAddress),
    serviceHealth,
    health,
    metrics,
    onGatewayPorts: (ports) => gateway?.wish(ports),
    onRefused: ({ metadata }, what) =>
      warn(
        `${metadata.namespace}/${metadata.name}`,
        'NotEmulated',
        `not proxied: ${what.join(', ')}`,
      ),
  })
  feed(proxier, serviceInformer, sliceInformer)
  nodeInformer.addHandler({
    update: (old, now) => {
      const next = contextOf(now)
      if (!deepEqual(contextOf(old), next) && next.nodePortAddresses.length > 0)
        proxier.setContext(next)
    },
  })
  recorder.record(nodeReference(nodeName), 'Normal', 'Starting', '')
  await proxier.start()
  if (config.network === 'loopback') await takeLease(options, frontends, deps)
  logger.info('Proxying', { mode, node: nodeName, address: nodeAddress })
}

function feed(
  proxier: Proxier,
  serviceInformer: Informer<Service>,
  sliceInformer: Informer<EndpointSlice>,
): void {
  const onService = (service: Service): void => proxier.onService(service)
  serviceInformer.addHandler({
    add: onService,
    update: (_, service) => onService(service),
    remove: onService,
  })
  const onSlice = (slice: EndpointSlice): void => {
    const service = serviceOfSlice(slice)
    if (service !== undefined) proxier.onSlice(service, slice)
  }
  sliceInformer.addHandler({
    add: onSlice,
    update: (old, slice) => {
      if (serviceOfSlice(old) !== serviceOfSlice(slice)) onSlice(old)
      onSlice(slice)
    },
    remove: onSlice,
  })
}

/** Waits until the node is registered and has an address: without one there is nothing to serve NodePorts on. */
function usableContext(
  informer: Informer<Node>,
  nodeName: string,
  contextOf: (node: Node) => PlanContext,
  logger: Logger,
): Promise<PlanContext> {
  return new Promise((resolve) => {
    const look = (node: Node): void => {
      const context = contextOf(node)
      if (context.nodePortAddresses.length > 0) resolve(context)
    }
    if (!informer.lister.get(nodeName)) logger.info('Waiting for the node', { node: nodeName })
    informer.addHandler({ add: look, update: (_, node) => look(node) })
  })
}

interface StatusParts {
  readonly config: ProxyConfig
  readonly mode: string
  readonly health: ProxyHealth
  readonly metrics: ReturnType<typeof createMetrics>
  readonly node: () => Node | undefined
  readonly logger: Logger
  readonly closers: Closers
}

async function serveStatus(nodeAddress: string, parts: StatusParts): Promise<void> {
  const { config, mode, metrics, logger, closers } = parts
  const open = async (at: HostPort, serve: (at: HostPort) => Promise<Server>): Promise<void> => {
    const place = placeOnNode(at, config.network, nodeAddress)
    try {
      const server = await serve(place)
      closers.defer(() => {
        server.close()
        server.closeAllConnections()
      })
    } catch (error) {
      if (config.bindAddressHardFail) throw error
      logger.error('Cannot serve health or metrics', { ...place, err: error as Error })
    }
  }
  await open(config.healthz, (at) => serveHealth(at, parts))
  await open(config.metrics, (at) => serveMetrics(at, metrics, mode))
}

/** Rules where the configuration asks for them, or leaves it to us and nft works in this network namespace. */
async function chooseCarrier(config: ProxyConfig, logger: Logger): Promise<PlanContext['carrier']> {
  if (config.carrier !== 'auto') return config.carrier
  if (config.network === 'loopback') return 'sockets'
  try {
    await runNft(['list', 'tables'])
    return 'rules'
  } catch (error) {
    logger.info('nft does not work here: connections are carried by sockets', {
      err: error as Error,
    })
    return 'sockets'
  }
}

function openRules(
  { config }: ProxyOptions,
  frontends: FrontendTable,
  metrics: ProxyMetrics,
  { clock, logger, closers }: ProxyDeps,
): ServiceCarrier {
  applyConntrackSettings(config.conntrack, logger)
  const options = {
    clusterCidr: config.clusterCidrs.find(({ first }) => first.family === 4),
    masqueradeMark: config.masqueradeMark,
    masqueradeAll: config.masqueradeAll,
  }
  const staleFlows = new StaleFlows(runConntrack, logger)
  return closers.add(
    new RuleCarrier(options, {
      clock,
      logger,
      metrics,
      staleFlows,
      run: runNft,
      localhost: frontends,
    }),
  )
}

async function openLocalAddresses(
  config: ProxyConfig,
  carrier: PlanContext['carrier'],
  nodeAddress: string,
): Promise<LocalAddresses> {
  if (config.network === 'loopback') return { add: async () => {}, prune: async () => {} }
  const local = new LocalRoutes(runIp, isOwnAddress)
  const device = new DeviceRoutes(nodeAddress, runIp)
  await Promise.all([local.load(), device.load()])
  const [used, other] = carrier === 'rules' ? [device, local] : [local, device]
  return {
    add: (wanted) => used.add(wanted),
    prune: async (wanted) => {
      await used.prune(wanted)
      // What the other mode left before this one was chosen.
      await other.prune(new Set())
    },
  }
}

function openGateway(
  { config, nodeName, gatewaySocket }: ProxyOptions,
  carrier: PlanContext['carrier'],
  deps: ProxyDeps,
): GatewayClient | undefined {
  if (config.network === 'loopback' || !existsSync(gatewaySocket)) return undefined
  // The kernel's rules outlive this process; sockets do not.
  const holder = carrier === 'rules' ? { name: nodeName, lingerMs: gatewayLingerMs } : undefined
  return deps.closers.add(new GatewayClient(gatewaySocket, { ...deps, ...(holder && { holder }) }))
}

function takeLease(
  { config, nodeName }: ProxyOptions,
  frontends: FrontendTable,
  deps: ProxyDeps,
): Promise<void> {
  const lease = new ServingLease(leaseAddress(config), nodeName, {
    ...deps,
    onChange: (holds) => frontends.serveShared(holds),
  })
  deps.closers.add(lease)
  return lease.acquire()
}

function nodeReference(name: string): ObjectReference {
  // As the kubelet does, the node's name stands in for its uid, so that `describe node` finds the event.
  return { apiVersion: 'v1', kind: 'Node', name, uid: name }
}
