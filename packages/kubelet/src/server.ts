import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname as osHostname } from 'node:os'
import { join } from 'node:path'
import { Closers, FlagError, processResolver, sleep, systemClock, systemRandom } from '@kemu/base'
import type { Logger } from '@kemu/base'
import { connectKubeconfig } from '@kemu/client'
import { bootstrapClientCertificate, hasValidKubeconfig } from './certificates/tls-bootstrap.ts'
import {
  loadKubeletConfiguration,
  parseKubeletConfiguration,
} from './config/kubelet-configuration.ts'
import type { KubeletConfiguration } from './config/kubelet-configuration.ts'
import { NodePaths } from './config/node-paths.ts'
import { connectCri } from './cri/cri.ts'
import { parseTaint } from './flags.ts'
import type { KubeletFlags } from './flags.ts'
import { HealthServer } from './http/health-server.ts'
import { Kubelet } from './kubelet.ts'
import { readMachine } from './node/machine.ts'
import { readResolvConf } from './runtime/dns-config.ts'
import { StaticPods } from './sources/static-pods.ts'

interface Identity {
  readonly nodeName: string
  readonly hostname: string
  readonly nodeIps: readonly string[]
}

const bootstrapRetryMs = 1_000

/**
 * Builds the kubelet's parts in the order in which they need each other. Closing leaves the pods
 * running.
 */
export async function startKubelet(flags: KubeletFlags, logger: Logger): Promise<Closers> {
  const closers = new Closers()
  const prefix = flags['root-prefix'] ?? ''
  const places = new NodePaths(flags['root-dir'], '/var/log/pods', prefix)
  const config = readConfiguration(flags, places, logger)
  const paths = new NodePaths(flags['root-dir'], config.podLogsDir, prefix)
  mkdirSync(paths.podsDir, { recursive: true, mode: 0o750 })
  const identity = await readIdentity(flags)
  const cri = connectCri(endpointOf(flags, config, paths))
  closers.add(cri)
  const kubelet = new Kubelet({
    cri,
    clock: systemClock,
    random: systemRandom,
    logger,
    paths,
    machine: readMachine(paths.rootDir),
    config,
    registration: {
      labels: flags['node-labels'],
      taints: [...config.registerWithTaints, ...flags['register-with-taints'].map(parseTaint)],
      unschedulable: !flags['register-schedulable'],
      providerId: config.providerId,
    },
    ...identity,
    hostDns: () => readResolvConf(existing(paths.onHost(config.resolvConf), config.resolvConf)),
    nodeHosts: () => readFileSync(process.env['KEMU_HOSTS_FILE'] ?? '/etc/hosts', 'utf8'),
    reachablePort: (_host, port) => port,
  })
  closers.add(kubelet)
  const health = new HealthServer(() =>
    kubelet.pleg.healthy ? undefined : 'container runtime does not answer',
  )
  if (config.healthzPort > 0) {
    await health.listen({ address: config.healthzBindAddress, port: config.healthzPort })
    closers.add(health)
  }
  await kubelet.start()
  startStaticPods(kubelet, config, paths, identity, closers, logger)
  const stop = new AbortController()
  closers.defer(() => stop.abort())
  void joinCluster(flags, kubelet, identity, paths, closers, logger, stop.signal)
  logger.info('Started kubelet', { node: identity.nodeName, version: 'v1.36.3' })
  return closers
}

function readConfiguration(
  flags: KubeletFlags,
  places: NodePaths,
  logger: Logger,
): KubeletConfiguration {
  const config =
    flags.config === undefined
      ? parseKubeletConfiguration({}, '')
      : loadKubeletConfiguration(places.onHost(flags.config))
  if (config.withoutEffect.length > 0)
    logger.info('Fields of the configuration that have no effect here', {
      fields: config.withoutEffect,
    })
  return flags['register-node'] ? config : { ...config, registerNode: false }
}

async function readIdentity(flags: KubeletFlags): Promise<Identity> {
  const nodeName = (flags['hostname-override'] || osHostname()).trim().toLowerCase()
  const nodeIps = flags['node-ip']
  if (nodeIps.length > 0) return { nodeName, hostname: nodeName, nodeIps }
  const found = await processResolver()(nodeName).catch(() => [])
  if (found.length === 0)
    throw new FlagError(`--node-ip is needed: the address of node ${nodeName} is not known`)
  return { nodeName, hostname: nodeName, nodeIps: found.slice(0, 1) }
}

function endpointOf(flags: KubeletFlags, config: KubeletConfiguration, paths: NodePaths): string {
  const endpoint = flags['container-runtime-endpoint'] || config.containerRuntimeEndpoint
  if (!endpoint)
    throw new FlagError(
      'the container runtime endpoint address was not specified or empty, use --container-runtime-endpoint to set',
    )
  const path = endpoint.replace(/^unix:\/\//, '')
  return path.startsWith('/') ? `unix://${paths.onHost(path)}` : endpoint
}

function existing(path: string, otherwise: string): string {
  return existsSync(path) ? path : otherwise
}

function startStaticPods(
  kubelet: Kubelet,
  config: KubeletConfiguration,
  paths: NodePaths,
  { nodeName }: Identity,
  closers: Closers,
  logger: Logger,
): void {
  if (config.staticPodPath === '') {
    kubelet.setStaticPods([])
    return
  }
  const path = paths.onHost(config.staticPodPath)
  const source = new StaticPods({ clock: systemClock, logger, nodeName, path }, (pods) =>
    kubelet.setStaticPods(pods),
  )
  closers.add(source)
  source.start()
}

/** Gets credentials if need be and takes on the API server; static pods run meanwhile. */
async function joinCluster(
  flags: KubeletFlags,
  kubelet: Kubelet,
  { nodeName }: Identity,
  paths: NodePaths,
  closers: Closers,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { kubeconfig, 'bootstrap-kubeconfig': bootstrapKubeconfig } = flags
  if (!kubeconfig && !bootstrapKubeconfig) {
    logger.info('Standalone mode, no API client')
    return
  }
  if (!kubeconfig) throw new FlagError('--bootstrap-kubeconfig needs --kubeconfig too')
  const certDir = flags['cert-dir'] ?? join(paths.rootDir, 'pki')
  if (bootstrapKubeconfig && !hasValidKubeconfig(kubeconfig, systemClock.now(), logger)) {
    const files = { kubeconfig, bootstrapKubeconfig, certDir, nodeName }
    while (!signal.aborted) {
      try {
        await bootstrapClientCertificate({ clock: systemClock, logger }, files, signal)
        break
      } catch (error) {
        logger.warn('Client certificate was not obtained, trying again', { err: error as Error })
        await sleep(systemClock, bootstrapRetryMs, signal)
      }
    }
  }
  if (signal.aborted) return
  const client = connectKubeconfig(kubeconfig, 'kubelet/v1.36.3 (linux/amd64) kubernetes/kemu')
  closers.defer(() => client.close())
  await kubelet.connect(client)
}
