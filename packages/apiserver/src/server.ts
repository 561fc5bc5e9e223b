import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { KindDefinition } from '@kemu/api/kinds'
import { sleep, systemClock, systemRandom } from '@kemu/base'
import type { Closers, Logger } from '@kemu/base'
import { RpcServer } from '@kemu/rpc'
import { Resources } from '@kemu/rpc/resources'
import { ApiServer, certificateOf } from './apiserver.ts'
import { Assembly } from './assembly.ts'
import { publishAuthenticationInfo } from './bootstrap/authentication-info.ts'
import { forgetGoneServers } from './bootstrap/gone-servers.ts'
import { IdentityLease } from './bootstrap/identity-lease.ts'
import { KubernetesService } from './bootstrap/kubernetes-service.ts'
import { MasterLeases } from './bootstrap/master-leases.ts'
import { startHooks } from './bootstrap/post-start.ts'
import type { PostStartHook } from './bootstrap/post-start.ts'
import { bootstrapRbac } from './bootstrap/rbac-bootstrap.ts'
import { ensureServiceCidr } from './bootstrap/service-cidr.ts'
import { ensureFlowControl } from './bootstrap/flow-control-bootstrap.ts'
import { ensurePriorityClasses, ensureSystemNamespaces } from './bootstrap/system-objects.ts'
import { SystemWriter } from './bootstrap/system-writer.ts'
import { ChangeFeed } from './cache/change-feed.ts'
import type { ApiserverConfig, ApiserverFlags } from './config.ts'
import { openApiRoutes } from './discovery/open-api-routes.ts'
import { openIdRoutes } from './discovery/openid.ts'
import { Compactor } from './etcd-compaction.ts'
import { DanglingConditions } from './flow-control/dangling-conditions.ts'
import { resourceHandlers } from './grpc/grpc-front.ts'
import { storageRoot } from './registry/catalog.ts'
import { RestFront } from './rest/rest-front.ts'
import { SecureServer } from './secure-server.ts'
import { repairServices } from './services/repair.ts'
import { EtcdStore } from './store/etcd-store.ts'
import type { KeyValueStore } from './store/key-value-store.ts'
import { MemoryStore } from './store/memory-store.ts'

export interface ServerContext {
  readonly config: ApiserverConfig
  readonly kinds: readonly KindDefinition[]
  readonly logger: Logger
  readonly closers: Closers
}

/** Where a running server is reached. */
export interface RunningServer {
  readonly server: ApiServer
  readonly restPort: number
  readonly grpcPort: number
}

/** What belongs together for the length of a process. */
interface Parts extends ServerContext {
  readonly store: KeyValueStore
  readonly feed: ChangeFeed
  readonly assembly: Assembly
  readonly server: ApiServer
  readonly leases: MasterLeases
}

/**
 * Builds every part by hand, opens the store and both fronts, and starts what runs beside the
 * requests.
 */
export async function startServer(context: ServerContext): Promise<RunningServer> {
  const parts = await build(context)
  await makeFirstObjects(parts)
  const ports = await listen(parts)
  runBeside(parts, ports.restPort)
  return { server: parts.server, ...ports }
}

/**
 * Namespaces and roles are there before the first request: a component that is told "forbidden" waits for seconds. What
 * fails here is tried again by the post-start hooks.
 */
async function makeFirstObjects({ assembly, config, leases, logger }: Parts): Promise<void> {
  const { flags, advertiseAddress } = config
  const writer = new SystemWriter(assembly.catalog, systemClock, flags['pod-loopback-range'])
  const forgetGone = (): Promise<void> =>
    forgetGoneServers(leases, writer, advertiseAddress).catch((error: unknown) =>
      logger.warn('Failed to take gone servers out of kubernetes', { err: error }),
    )
  await Promise.allSettled([
    ensureSystemNamespaces(writer),
    bootstrapRbac(writer),
    ...(keepsEndpoints(flags) ? [forgetGone()] : []),
  ])
}

function keepsEndpoints(flags: ApiserverFlags): boolean {
  return flags['endpoint-reconciler-type'] !== 'none'
}

async function build(context: ServerContext): Promise<Parts> {
  const { config, kinds, logger, closers } = context
  const { flags, advertiseAddress } = config
  const store = closers.add(openStore(config))
  const feed = closers.add(new ChangeFeed(store, systemClock, storageRoot))
  const deps = {
    store,
    feed,
    clock: systemClock,
    random: systemRandom,
    logger,
    ttlSeconds: { events: Math.round(flags['event-ttl'] / 1000) },
  }
  const assembly = new Assembly(context, deps)
  closers.add(assembly.catalog)
  const serverAddress = `${advertiseAddress}:${flags['secure-port']}`
  const server = new ApiServer({
    clock: systemClock,
    random: systemRandom,
    catalog: assembly.catalog,
    authenticators: assembly.authenticators,
    authorizers: assembly.authorizers,
    plugins: assembly.plugins,
    actions: assembly.actions,
    kinds,
    routes: [
      ...openApiRoutes(kinds),
      ...openIdRoutes(flags['service-account-issuer'][0]!, assembly.tokenKeys, serverAddress),
    ],
    connect: (request) => assembly.connections.connect(request),
    anonymousAllowed: flags['anonymous-auth'],
    flows: assembly.flows,
    serverAddress,
    podLoopbackRange: flags['pod-loopback-range'],
  })
  addHealthChecks(server, store)
  await openFeed(feed, logger)
  await assembly.ready()
  const identity = serverIdentity(config.serving.keyFile)
  const leases = new MasterLeases({ server: identity, advertiseAddress }, store)
  return { ...context, store, feed, assembly, server, leases }
}

/** Stays when the address changes. Servers on one machine share its name, and not the file of their key. */
export function serverIdentity(keyFile: string): string {
  return `${hostname()}:${keyFile}`
}

async function listen(parts: Parts): Promise<{ restPort: number; grpcPort: number }> {
  const { config, logger, closers, server, assembly } = parts
  const { flags, serving } = config
  const fronts = {
    clock: systemClock,
    random: systemRandom,
    logger,
    frontProxyAuthority: certificateOf(config.frontProxyAuthority),
    handle: server.handle.bind(server),
    relay: assembly.relay,
  }
  const authorities = [config.clientAuthority, config.frontProxyAuthority].filter(
    (pem) => pem !== undefined,
  )
  const rest = closers.add(
    new SecureServer({ ...serving, clientAuthorities: authorities }, new RestFront(fronts)),
  )
  const host = flags['bind-address']
  const [restPort, grpcPort] = await Promise.all([
    rest.listen(host, flags['secure-port']),
    flags['grpc-secure-port'] < 0 ? 0 : listenGrpc(),
  ])
  logger.info('Serving', { host, restPort, grpcPort })
  return { restPort, grpcPort }

  async function listenGrpc(): Promise<number> {
    const rpc = closers.add(new RpcServer().add(Resources, resourceHandlers(fronts)))
    const [port = 0] = await rpc.listen([`${host}:${flags['grpc-secure-port']}`], {
      ca: authorities.join('\n'),
      cert: readFileSync(serving.certFile, 'utf8'),
      key: readFileSync(serving.keyFile, 'utf8'),
    })
    return port
  }
}

/** How often addresses and ports of services are made to agree (controlplane, 3 min). */
const repairPeriodMs = 180_000

/** How often objects of flow control are mended (rest/storage_flowcontrol, 1 min). */
const flowControlPeriodMs = 60_000

/** Post-start hooks, the compaction loop, the server's own leases. */
function runBeside(parts: Parts, restPort: number): void {
  const { config, logger, closers, store, assembly, server, leases } = parts
  const { flags, advertiseAddress } = config
  const { catalog, addresses, ports } = assembly
  const deps = { clock: systemClock, random: systemRandom, logger, store }
  const writer = new SystemWriter(catalog, systemClock, flags['pod-loopback-range'])
  const kubernetes = closers.add(
    new KubernetesService(
      {
        clusterIp: addresses.range.first,
        securePort: restPort,
        keepsEndpoints: keepsEndpoints(flags),
      },
      { ...deps, writer, leases },
    ),
  )
  const identity = closers.add(
    new IdentityLease(
      { hostname: hostname(), peerAddress: `${advertiseAddress}:${restPort}` },
      { ...deps, writer },
    ),
  )
  const intervalMs = flags['etcd-compaction-interval']
  if (intervalMs > 0) closers.add(new Compactor(store, systemClock, logger, intervalMs))
  const repair = (): Promise<void> =>
    repairServices({ catalog, addresses, ports, clock: systemClock, logger })
  const repairing = systemClock.setPeriodic(repairPeriodMs, () => {
    repair().catch((error: unknown) => logger.warn('Repair of services failed', { err: error }))
  })
  closers.defer(() => repairing.cancel())
  const flowControl = systemClock.setPeriodic(flowControlPeriodMs, () => {
    ensureFlowControl(writer).catch((error: unknown) =>
      logger.warn('Failed to mend the objects of flow control', { err: error }),
    )
  })
  closers.defer(() => flowControl.cancel())
  closers.add(new DanglingConditions({ writer, flows: assembly.flows, clock: systemClock, logger }))
  const namespaces = ensureSystemNamespaces(writer)
  // Everything inside namespaces comes after them; a failure is the namespaces hook's to mend.
  const afterNamespaces = async (work: () => Promise<void>): Promise<void> => {
    await namespaces.catch(() => undefined)
    await work()
  }
  const hooks: PostStartHook[] = [
    { name: 'start-system-namespaces-controller', run: () => ensureSystemNamespaces(writer) },
    { name: 'rbac/bootstrap-roles', run: () => bootstrapRbac(writer) },
    {
      name: 'scheduling/bootstrap-system-priority-classes',
      run: () => ensurePriorityClasses(writer),
    },
    {
      name: 'start-cluster-authentication-info-controller',
      run: () => afterNamespaces(() => publishAuthenticationInfo(writer, config)),
    },
    {
      name: 'start-kube-apiserver-identity-lease-controller',
      run: () => afterNamespaces(() => identity.start()),
    },
    {
      name: 'start-kubernetes-service-cidr-controller',
      run: () => ensureServiceCidr(writer, addresses.range, systemClock),
    },
    { name: 'priority-and-fairness-config-producer', run: () => ensureFlowControl(writer) },
    { name: 'bootstrap-controller', run: () => afterNamespaces(() => kubernetes.start()) },
    { name: 'start-service-ip-repair-controllers', run: repair },
  ]
  const ending = new AbortController()
  closers.defer(() => ending.abort())
  startHooks(hooks, { clock: systemClock, logger, health: server.health }, ending.signal)
}

function addHealthChecks({ health }: ApiServer, store: KeyValueStore): void {
  health.add({ name: 'ping', check: () => undefined })
  health.add({ name: 'log', check: () => undefined })
  health.add({
    name: 'etcd',
    check: () =>
      store.get(storageRoot).then(
        () => undefined,
        (error: unknown) => `error getting data from etcd: ${String(error)}`,
      ),
  })
}

function openStore({ flags }: ApiserverConfig): KeyValueStore {
  const endpoints = flags['etcd-servers']
  if (endpoints.length === 1 && endpoints[0] === 'memory:') return new MemoryStore()
  const caFile = flags['etcd-cafile']
  const certFile = flags['etcd-certfile']
  const keyFile = flags['etcd-keyfile']
  return new EtcdStore({
    endpoints,
    clock: systemClock,
    ...(caFile && certFile && keyFile && { tls: { caFile, certFile, keyFile } }),
  })
}

const storeRetryMs = 50

/** etcd may come up after us: a server on a fresh host waits for it. */
async function openFeed(feed: ChangeFeed, logger: Logger): Promise<void> {
  for (;;) {
    try {
      return await feed.start()
    } catch (error) {
      logger.warn('etcd does not answer yet', { err: error })
      await sleep(systemClock, storeRetryMs)
    }
  }
}
