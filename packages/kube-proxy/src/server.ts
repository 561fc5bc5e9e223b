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
import { isOwnAddress, LocalRoutes, runIp } from './driver/local-routes.ts'
import { ServingLease } from './driver/serving-lease.ts'
import { FrontendTable } from './forward/frontend-table.ts'
import { openTcp } from './forward/tcp-forwarder.ts'
import { udpForwarder } from './forward/udp-forwarder.ts'
import { serveHealth, serveMetrics } from './health/health-server.ts'
import { ProxyHealth } from './health/proxy-health.ts'
import { ServiceHealth } from './health/service-health.ts'
import { createMetrics } from './metrics.ts'
import type { PlanContext } from './plan/plan-service.ts'
import { Proxier } from './proxier.ts'
import type { LocalAddresses } from './proxier.ts'
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
  const [portFloor] = await Promise.all([
    config.network === 'loopback' ? detectPortFloor() : 0,
    informers.start(),
  ])

  const contextOf = (node: Node): PlanContext => planContext(node, options, portFloor)
  const context = await usableContext(nodeInformer, nodeName, contextOf, logger)
  const [nodeAddress] = context.nodePortAddresses as [string]
  const metrics = createMetrics()
  const health = new ProxyHealth(clock)
  const node = (): Node | undefined => nodeInformer.lister.get(nodeName)
  await serveStatus(nodeAddress, { config, health, metrics, node, logger, closers })

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
  const gateway = openGateway(options, deps)
  const proxier = new Proxier(context, {
    clock,
    logger,
    services: serviceInformer.lister,
    slices: sliceInformer.lister,
    frontends,
    localAddresses: await openLocalAddresses(config),
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
  logger.info('Proxying', { network: config.network, node: nodeName, address: nodeAddress })
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
  readonly health: ProxyHealth
  readonly metrics: ReturnType<typeof createMetrics>
  readonly node: () => Node | undefined
  readonly logger: Logger
  readonly closers: Closers
}

async function serveStatus(nodeAddress: string, parts: StatusParts): Promise<void> {
  const { config, metrics, logger, closers } = parts
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
  await open(config.metrics, (at) => serveMetrics(at, metrics, `kemu-${config.network}`))
}

async function openLocalAddresses(config: ProxyConfig): Promise<LocalAddresses> {
  if (config.network === 'loopback') return { add: async () => {}, prune: async () => {} }
  const routes = new LocalRoutes(runIp, isOwnAddress)
  await routes.load()
  return routes
}

function openGateway(
  { config, gatewaySocket }: ProxyOptions,
  deps: ProxyDeps,
): GatewayClient | undefined {
  if (config.network === 'loopback' || !existsSync(gatewaySocket)) return undefined
  return deps.closers.add(new GatewayClient(gatewaySocket, deps))
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
