import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname as osHostname } from 'node:os'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { Closers, FlagError, processResolver, sleep, systemClock, systemRandom } from '@kemu/base'
import type { Logger } from '@kemu/base'
import { detectPortFloor, shiftPort } from '@kemu/network/address'
import { accessCluster } from './cluster-access.ts'
import {
  loadKubeletConfiguration,
  parseKubeletConfiguration,
} from './config/kubelet-configuration.ts'
import type { KubeletConfiguration } from './config/kubelet-configuration.ts'
import { NodePaths } from './config/node-paths.ts'
import { connectCri } from './cri/cri.ts'
import type { Cri } from './cri/cri.ts'
import type { ObservedPod } from './cri/observed-pod.ts'
import { parseTaint } from './flags.ts'
import type { KubeletFlags } from './flags.ts'
import { DelegatedAuth } from './http/delegated-auth.ts'
import { HealthServer } from './http/health-server.ts'
import { KubeletServer } from './http/kubelet-server.ts'
import { Serving } from './http/serving.ts'
import { Kubelet } from './kubelet.ts'
import { LogRotator } from './logs/log-rotator.ts'
import { kubeletMetrics } from './metrics.ts'
import { cniConfigurationDir, watchCniConfiguration } from './node/cni-watch.ts'
import { readMachine } from './node/machine.ts'
import { kubeletVersion } from './node/node-status.ts'
import { readResolvConf } from './runtime/dns-config.ts'
import { StaticPods } from './sources/static-pods.ts'
import { tmpfsMounts } from './volumes/memory-mounts.ts'

interface Identity {
  readonly nodeName: string
  readonly hostname: string
  readonly nodeIps: readonly string[]
}

const servingDelayMs = 1_500

/** What is settled before anything is made. */
interface Setting {
  readonly flags: KubeletFlags
  readonly config: KubeletConfiguration
  readonly paths: NodePaths
  readonly identity: Identity
  readonly certDir: string
  readonly logger: Logger
  /** The lowest port that programs on loopback addresses may open; lower ones are elsewhere. */
  readonly portFloor: number
}

/**
 * Builds the kubelet's parts in the order in which they need each other. Closing leaves the pods
 * running.
 */
export async function startKubelet(flags: KubeletFlags, logger: Logger): Promise<Closers> {
  const closers = new Closers()
  const setting = await settle(flags, logger)
  const { config, paths, identity, certDir } = setting
  const { nodeName } = identity
  const cri = await connectCri(endpointOf(setting), config.runtimeRequestTimeoutMs)
  closers.add(cri)
  const kubelet = makeKubelet(setting, cri)
  closers.add(kubelet)
  if (config.healthzPort > 0) {
    const health = closers.add(new HealthServer(() => problemOf(kubelet)))
    await health.listen({ address: config.healthzBindAddress, port: config.healthzPort })
  }
  const auth = new DelegatedAuth({ clock: systemClock, nodeName, ...config })
  const server = new KubeletServer({
    kubelet,
    cri,
    clock: systemClock,
    logger,
    auth,
    metrics: kubeletMetrics(kubelet),
    systemLogsDir: paths.onHost('/var/log'),
  })
  const names = { nodeName, ipAddresses: identity.nodeIps }
  const serving = closers.add(
    new Serving({ clock: systemClock, logger, config, paths, certDir, names }, server),
  )
  await kubelet.start()
  const cniDir = paths.onHost(cniConfigurationDir)
  closers.add(watchCniConfiguration(cniDir, logger, () => void kubelet.monitor.recheck()))
  startStaticPods(setting, kubelet, closers)
  const { containerLogMaxBytes: bytesMax, containerLogMaxFiles: filesMax } = config
  const pods = (): readonly ObservedPod[] => kubelet.pleg.pods
  const rotator = new LogRotator({ cri, clock: systemClock, logger, pods }, { bytesMax, filesMax })
  closers.add(rotator).start()
  const stop = new AbortController()
  closers.defer(() => stop.abort())
  void startServing(serving, stop.signal)
  void joinCluster(setting, { kubelet, auth, serving }, closers, stop.signal)
  logger.info('Started kubelet', { node: nodeName, version: kubeletVersion })
  return closers
}

/** Making a certificate takes work that the pods of a starting control plane need more. */
async function startServing(serving: Serving, signal: AbortSignal): Promise<void> {
  if (!serving.hasPair) await sleep(systemClock, servingDelayMs, signal)
  if (!signal.aborted) await serving.start()
}

async function settle(flags: KubeletFlags, logger: Logger): Promise<Setting> {
  const prefix = flags['root-prefix'] ?? ''
  const config = readConfiguration(flags, logger)
  const paths = new NodePaths(flags['root-dir'], config.podLogsDir, prefix)
  mkdirSync(paths.podsDir, { recursive: true, mode: 0o750 })
  const identity = await readIdentity(flags)
  const certDir = flags['cert-dir'] ?? join(paths.rootDir, 'pki')
  const portFloor = await detectPortFloor()
  return { flags, config, paths, identity, certDir, logger, portFloor }
}

function makeKubelet(setting: Setting, cri: Cri): Kubelet {
  const { flags, config, paths, identity, logger, portFloor } = setting
  const { resolvConf } = config
  const hostsFile = process.env['KEMU_HOSTS_FILE'] ?? '/etc/hosts'
  const hostResolvConf = paths.onHost(resolvConf)
  return new Kubelet({
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
    hostDns: () => readResolvConf(existsSync(hostResolvConf) ? hostResolvConf : resolvConf),
    nodeHosts: () => readFileSync(hostsFile, 'utf8'),
    // Where the host has no mount namespace, a mount would be the machine's and would outlive it.
    memory: flags['root-prefix'] || process.getuid?.() !== 0 ? undefined : tmpfsMounts,
    reachablePort: (host, port) =>
      isIPv4(host) && host.startsWith('127.') ? shiftPort(port, portFloor) : port,
  })
}

function problemOf(kubelet: Kubelet): string | undefined {
  return kubelet.pleg.healthy ? undefined : 'container runtime does not answer'
}

function readConfiguration(flags: KubeletFlags, logger: Logger): KubeletConfiguration {
  const config =
    flags.config === undefined
      ? parseKubeletConfiguration({}, '')
      : loadKubeletConfiguration(flags.config)
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

function endpointOf({ flags, config, paths }: Setting): string {
  // A path in a flag is where it says; one in a file is a path of the host.
  const flag = flags['container-runtime-endpoint']
  if (flag) return flag.startsWith('/') ? `unix://${flag}` : flag
  const endpoint = config.containerRuntimeEndpoint
  if (!endpoint)
    throw new FlagError(
      'the container runtime endpoint address was not specified or empty, use --container-runtime-endpoint to set',
    )
  const path = endpoint.replace(/^unix:\/\//, '')
  return path.startsWith('/') ? `unix://${paths.onHost(path)}` : endpoint
}

function startStaticPods(
  { config, paths, identity, logger }: Setting,
  kubelet: Kubelet,
  closers: Closers,
): void {
  if (config.staticPodPath === '') {
    kubelet.setStaticPods([])
    return
  }
  const { nodeName } = identity
  const path = paths.onHost(config.staticPodPath)
  const source = new StaticPods({ clock: systemClock, logger, nodeName, path }, (pods) =>
    kubelet.setStaticPods(pods),
  )
  closers.add(source).start()
}

interface ApiUsers {
  readonly kubelet: Kubelet
  readonly auth: DelegatedAuth
  readonly serving: Serving
}

/** Takes on the API server; static pods run meanwhile. */
async function joinCluster(
  { flags, identity, certDir, config, logger }: Setting,
  { kubelet, auth, serving }: ApiUsers,
  closers: Closers,
  signal: AbortSignal,
): Promise<void> {
  const { kubeconfig, 'bootstrap-kubeconfig': bootstrapKubeconfig } = flags
  if (!kubeconfig && !bootstrapKubeconfig) {
    logger.info('Standalone mode, no API client')
    return
  }
  if (!kubeconfig) throw new FlagError('--bootstrap-kubeconfig needs --kubeconfig too')
  const { nodeName } = identity
  const { rotateCertificates } = config
  const client = await accessCluster(
    { kubeconfig, bootstrapKubeconfig, certDir, nodeName, rotateCertificates },
    closers,
    logger,
    signal,
  )
  if (!client) return
  auth.connect(client)
  void serving.connect(client, signal)
  await kubelet.connect(client)
}
