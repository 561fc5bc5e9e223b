import { hostname } from 'node:os'
import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
} from '@kemu/api'
import {
  FlagError,
  MetricsRegistry,
  registerProcessMetrics,
  systemClock,
  systemRandom,
} from '@kemu/base'
import type { Closers, Logger } from '@kemu/base'
import { connectKubeconfig, Informers, SeriesEventRecorder } from '@kemu/client'
import { accessOf, ComponentServer, Leadership } from '@kemu/controller-runtime'
import type { SchedulerFlags } from './flags.ts'
import { SchedulerMetrics, sizeGauges } from './metrics.ts'
import { defaultProfile } from './plugins/registry.ts'
import { Scheduler } from './scheduler.ts'

const userAgent = 'kube-scheduler/v1.36.3 (kemu)'

/** Wires the scheduler: client, informers, secure port, leadership, the loop. Returns when the secure port serves. */
export async function startScheduler(
  flags: SchedulerFlags,
  logger: Logger,
  closers: Closers,
): Promise<void> {
  const [clock, random] = [systemClock, systemRandom]
  if (flags.kubeconfig === undefined) throw new FlagError('--kubeconfig is needed')
  if (Object.keys(flags['feature-gates']).length > 0)
    throw new FlagError('--feature-gates: not emulated')
  const client = closers.add(connectKubeconfig(flags.kubeconfig, userAgent))
  const informers = new Informers(client, { clock, random, logger })
  const registry = new MetricsRegistry()
  registerProcessMetrics(registry)
  const recorder = new SeriesEventRecorder(
    { controller: 'default-scheduler', instance: `default-scheduler-${hostname()}` },
    { client, clock, logger },
  )
  const listers = {
    namespaces: informers.of(namespaces).lister,
    services: informers.of(services).lister,
    replicationControllers: informers.of(replicationControllers).lister,
    replicaSets: informers.of(replicaSets).lister,
    statefulSets: informers.of(statefulSets).lister,
    budgets: informers.of(podDisruptionBudgets).lister,
    claims: informers.of(persistentVolumeClaims).lister,
    storageClasses: informers.of(storageClasses).lister,
  }
  const metrics = new SchedulerMetrics(registry)
  const scheduler = new Scheduler(
    {
      initialBackoffMs: 1_000,
      maxBackoffMs: 10_000,
      unschedulableMsMax: flags['pod-max-in-unschedulable-pods-duration'],
      percentageOfNodesToScore: 0,
    },
    {
      client,
      clock,
      random,
      logger,
      recorder,
      metrics,
      pods: informers.of(pods, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' }),
      nodes: informers.of(nodes),
      namespaces: informers.of(namespaces),
      claims: informers.of(persistentVolumeClaims),
      storageClasses: informers.of(storageClasses),
      profiles: [defaultProfile({ client, random, listers })],
    },
  )
  const leadership = new Leadership(flags['leader-elect-resource-name'], flags, {
    client,
    clock,
    random,
    logger,
  })
  const refresh = sizeGauges(registry, () => scheduler.sizes)
  await serve(flags, logger, closers, () => {
    refresh()
    return registry.expose()
  })
  closers.defer(() => informers.close())
  closers.defer(() => leadership.close())
  closers.defer(() => recorder.flush())
  closers.add(scheduler)
  if (!(await leadership.serverAnswers())) return
  const synced = informers.start()
  if (!(await leadership.acquire())) return
  void leadership.hold()
  await synced
  scheduler.start()
  logger.info('Scheduling', { nodes: informers.of(nodes).lister.size })
}

async function serve(
  flags: SchedulerFlags,
  logger: Logger,
  closers: Closers,
  metrics: () => string,
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
    { clock: systemClock, logger, access, pages: { '/metrics': metrics } },
  )
  await server.listen()
  closers.add(server)
}
