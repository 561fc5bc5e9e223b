import { readFileSync } from 'node:fs'
import { statusError } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import { sleep, systemClock, systemRandom } from '@kemu/base'
import type { Closers, Logger } from '@kemu/base'
import { askingServerCredentials, RpcServer } from '@kemu/rpc'
import { Resources } from '@kemu/rpc/resources'
import { ApiServer, certificateOf } from './apiserver.ts'
import type { ApiServerParts } from './apiserver.ts'
import { clientCertificateAuthenticator } from './authentication/client-certificate.ts'
import { requestHeaderAuthenticator } from './authentication/request-header.ts'
import { privilegedGroupAuthorizer } from './authorization/authorizer.ts'
import type { ApiserverConfig } from './config.ts'
import { resourceHandlers } from './grpc/grpc-front.ts'
import { RestFront } from './rest/rest-front.ts'
import { SecureServer } from './secure-server.ts'
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

/** Builds every part by hand, opens the store and both fronts. */
export async function startServer(context: ServerContext): Promise<RunningServer> {
  const { config, logger, closers } = context
  const { flags } = config
  const store = closers.add(openStore(config))
  const deps = { store, clock: systemClock, random: systemRandom, logger }
  const server = new ApiServer(deps, partsOf(context))
  closers.defer(() => server.feed.close())
  await openFeed(server, logger)
  const frontProxyAuthority = certificateOf(config.frontProxyAuthority)
  const fronts = {
    ...deps,
    frontProxyAuthority,
    handle: server.handle.bind(server),
    relay: refusingRelay,
  }
  const authorities = [config.clientAuthority, config.frontProxyAuthority].filter(
    (pem) => pem !== undefined,
  )
  const rest = closers.add(
    new SecureServer({ ...config.serving, clientAuthorities: authorities }, new RestFront(fronts)),
  )
  const rpc = closers.add(new RpcServer().add(Resources, resourceHandlers(fronts)))
  const credentials = askingServerCredentials({
    ca: authorities.join('\n'),
    cert: readFileSync(config.serving.certFile, 'utf8'),
    key: readFileSync(config.serving.keyFile, 'utf8'),
  })
  const host = flags['bind-address']
  const grpcAddress = `${host}:${flags['grpc-secure-port']}`
  const [restPort, [grpcPort = 0]] = await Promise.all([
    rest.listen(host, flags['secure-port']),
    rpc.listen([grpcAddress], credentials),
  ])
  logger.info('Serving', { host, restPort, grpcPort })
  return { server, restPort, grpcPort }
}

function partsOf({ config, kinds }: ServerContext): ApiServerParts {
  const { flags, advertiseAddress } = config
  return {
    kinds,
    hooks: () => ({}),
    authenticators: () => [
      requestHeaderAuthenticator(config.requestHeader),
      clientCertificateAuthenticator,
    ],
    authorizers: () => [privilegedGroupAuthorizer],
    admission: () => [],
    actions: () => new Map(),
    routes: [],
    connect: () => {
      throw statusError('NotFound', 'the server could not find the requested resource', {})
    },
    anonymousAllowed: flags['anonymous-auth'],
    podLoopbackRange: flags['pod-loopback-range'],
    serverAddress: `${advertiseAddress}:${flags['secure-port']}`,
  }
}

const refusingRelay = {
  relayRequest: async (): Promise<void> => {},
  relayUpgrade: async (): Promise<void> => {},
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
async function openFeed({ feed }: ApiServer, logger: Logger): Promise<void> {
  for (;;) {
    try {
      return await feed.start()
    } catch (error) {
      logger.warn('etcd does not answer yet', { err: error })
      await sleep(systemClock, storeRetryMs)
    }
  }
}
