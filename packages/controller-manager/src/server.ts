import {
  FlagError,
  MetricsRegistry,
  registerProcessMetrics,
  systemClock,
  systemRandom,
} from '@kemu/base'
import type { Closers, Logger } from '@kemu/base'
import { ApiEventRecorder, Client, Informers, loadKubeconfig, openTransport } from '@kemu/client'
import { accessOf, ComponentServer, Leadership } from '@kemu/controller-runtime'
import type { Runnable } from '@kemu/controller-runtime'
import { chooseControllers } from './choose-controllers.ts'
import { Discovery } from './discovery/discovery.ts'
import type { ControllerManagerFlags } from './flags.ts'
import { Identities } from './identity/identities.ts'
import { controllersNotEmulated } from './not-emulated.ts'
import { controllers } from './registry.ts'

const userAgent = 'kube-controller-manager/v1.36.3 (kemu)'

/** Wires the controller manager: client, secure port, leadership, then one controller after another. */
export async function startControllerManager(
  flags: ControllerManagerFlags,
  logger: Logger,
  closers: Closers,
): Promise<void> {
  const [clock, random] = [systemClock, systemRandom]
  checkFlags(flags)
  const chosen = chooseControllers(controllers, flags.controllers, controllersNotEmulated)
  const access = loadKubeconfig(flags.kubeconfig!)
  const client = closers.add(new Client(openTransport(access, userAgent)))
  const metrics = new MetricsRegistry()
  registerProcessMetrics(metrics)
  await serve(flags, logger, closers, metrics)
  const leadership = new Leadership(flags['leader-elect-resource-name'], flags, {
    client,
    clock,
    random,
    logger,
  })
  closers.defer(() => leadership.close())
  if (!(await leadership.acquire())) return
  void leadership.hold()

  const identities = closers.add(
    new Identities({
      access,
      client,
      clock,
      logger,
      userAgent,
      separate: flags['use-service-account-credentials'],
    }),
  )
  const informers = closers.add(new Informers(client, { clock, random, logger }))
  const discover = (): Discovery => new Discovery(access, userAgent)
  for (const entry of chosen) {
    const own = identities.clientOf(entry.account)
    const recorder = new ApiEventRecorder(
      { component: entry.source ?? entry.account },
      { client: own, clock, logger },
    )
    const workers = entry.workersFlag && { workers: flags[entry.workersFlag] }
    const deps = { client: own, informers, recorder, clock, random, logger, metrics, ...workers }
    const controller = entry.make(deps, { flags, discover })
    if (!controller) {
      logger.info('Controller is not configured', { controller: entry.name })
      continue
    }
    closers.defer(() => recorder.flush())
    closers.add(controller)
    void run(entry.name, controller, logger)
  }
  await informers.start()
  void identities.warm()
  logger.info('Controllers run', { count: chosen.length })
}

async function run(name: string, controller: Runnable, logger: Logger): Promise<void> {
  await controller.start()
  logger.debug('Controller runs', { controller: name })
}

function checkFlags(flags: ControllerManagerFlags): void {
  if (flags.kubeconfig === undefined) throw new FlagError('--kubeconfig is needed')
  if (Object.keys(flags['feature-gates']).length > 0)
    throw new FlagError('--feature-gates: not emulated')
  const cloud = flags['cloud-provider'] ?? ''
  if (cloud !== '' && cloud !== 'external')
    throw new FlagError(`--cloud-provider: "${cloud}" is not emulated`)
}

async function serve(
  flags: ControllerManagerFlags,
  logger: Logger,
  closers: Closers,
  metrics: MetricsRegistry,
): Promise<void> {
  if (flags['secure-port'] === 0) return
  const { access, close } = accessOf(flags, userAgent, systemClock)
  closers.defer(close)
  const server = new ComponentServer(
    {
      bindAddress: flags['bind-address'],
      port: flags['secure-port'],
      tlsCertFile: flags['tls-cert-file'],
      tlsPrivateKeyFile: flags['tls-private-key-file'],
    },
    { clock: systemClock, logger, access, pages: { '/metrics': () => metrics.expose() } },
  )
  await server.listen()
  closers.add(server)
}
