import { readFileSync } from 'node:fs'
import { parseYaml } from '@kemu/api/yaml'
import { isClusterLoopback, isZeroCidr, parseIp } from '@kemu/network/address'
import type { Cidr, HostPort } from '@kemu/network/address'
import { ConfigError, ConfigFields } from './config-fields.ts'
import type { ConntrackSettings } from './driver/conntrack-settings.ts'
import { inertFields } from './inert-fields.ts'

export type ProxyNetwork = 'loopback' | 'netns'

/** What of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) decides anything here. */
export interface ProxyConfig {
  readonly network: ProxyNetwork
  /** Who carries connections; 'auto': the kernel's rules where nft works, else sockets. */
  readonly carrier: 'sockets' | 'rules' | 'auto'
  /** The packet mark that asks for masquerading. */
  readonly masqueradeMark: number
  readonly masqueradeAll: boolean
  readonly conntrack: ConntrackSettings
  readonly kubeconfig: string
  readonly hostnameOverride: string
  /** The node's address where the Node object shall not be asked; '' asks it. */
  readonly bindAddress: string
  readonly healthz: HostPort
  readonly metrics: HostPort
  /** A health or metrics address that cannot be had ends the process. */
  readonly bindAddressHardFail: boolean
  readonly clusterCidrs: readonly Cidr[]
  /** 'primary' is the node's own addresses. */
  readonly nodePortAddresses: 'primary' | readonly Cidr[]
  readonly localhostNodePorts: boolean
  readonly udpTimeoutMs: number
  readonly udpStreamTimeoutMs: number
  /** Fields that are set and have no effect, by path. */
  readonly withoutEffect: readonly string[]
}

/** Upstream's defaults (v1alpha1 SetDefaults_KubeProxyConfiguration). */
const masqueradeBit = 14
const tcpEstablishedTimeoutMs = 24 * 3_600_000
const tcpCloseWaitTimeoutMs = 3_600_000
/** The kernel's defaults: nf_conntrack_udp_timeout and nf_conntrack_udp_timeout_stream. */
const udpTimeoutMs = 30_000
const udpStreamTimeoutMs = 120_000

export function loadConfig(file: string): ProxyConfig {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`failed to read config ${file}: ${(error as Error).message}`)
  }
  return parseConfig(parseYaml(text), file)
}

/** Reads and checks a configuration; what is not emulated is refused by its field's path. */
export function parseConfig(document: unknown, file: string): ProxyConfig {
  const fields = new ConfigFields(document, file)
  const type = `${fields.text('apiVersion')} ${fields.text('kind')}`
  if (type !== 'kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration')
    throw fields.fail(
      `must be a KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1, not ${type}`,
    )
  const carrier = carrierOf(fields)
  const { refused, withoutEffect } = inertFields(document as Record<string, unknown>, carrier)
  if (refused.length > 0) throw fields.fail(`not emulated: ${refused.join(', ')}`)
  const clusterCidrs = fields
    .text('clusterCIDR')
    .split(',')
    .filter((text) => text !== '')
    .map((text) => fields.cidr('clusterCIDR', text))
  return {
    network: networkOf(fields, clusterCidrs),
    carrier: isLoopback(clusterCidrs) ? 'sockets' : carrier,
    masqueradeMark: 1 << fields.integer('nftables.masqueradeBit', masqueradeBit, 31),
    masqueradeAll: fields.flag('nftables.masqueradeAll') ?? false,
    conntrack: conntrackSettings(fields),
    kubeconfig: fields.text('clientConnection.kubeconfig'),
    hostnameOverride: fields.text('hostnameOverride'),
    bindAddress: ownAddress(fields),
    healthz: fields.bindAddress('healthzBindAddress', { host: '0.0.0.0', port: 10_256 }),
    metrics: fields.bindAddress('metricsBindAddress', { host: '127.0.0.1', port: 10_249 }),
    bindAddressHardFail: fields.flag('bindAddressHardFail') ?? false,
    clusterCidrs,
    nodePortAddresses: nodePortAddresses(fields),
    localhostNodePorts: fields.flag('iptables.localhostNodePorts') ?? true,
    udpTimeoutMs: fields.durationMs('conntrack.udpTimeout') || udpTimeoutMs,
    udpStreamTimeoutMs: fields.durationMs('conntrack.udpStreamTimeout') || udpStreamTimeoutMs,
    withoutEffect,
  }
}

/** Without a mode the pod network tells: pods on 127.0.0.0/8 have no network namespaces. */
function networkOf(fields: ConfigFields, clusterCidrs: readonly Cidr[]): ProxyNetwork {
  const mode = fields.text('mode')
  switch (mode) {
    case '':
      return isLoopback(clusterCidrs) ? 'loopback' : 'netns'
    case 'nftables':
      if (isLoopback(clusterCidrs))
        throw fields.fail('mode: nftables needs pods with network namespaces, not 127.0.0.0/8')
      return 'netns'
    case 'kemu-loopback':
      if (!isLoopback(clusterCidrs))
        throw fields.fail(
          "clusterCIDR: mode kemu-loopback needs the cluster's block of 127.0.0.0/8",
        )
      return 'loopback'
    case 'kemu-netns':
      return 'netns'
    default:
      throw fields.fail(
        `mode: ${JSON.stringify(mode)} is not emulated; leave it empty or use nftables, kemu-netns or kemu-loopback`,
      )
  }
}

function isLoopback(clusterCidrs: readonly Cidr[]): boolean {
  return clusterCidrs.some(({ first }) => first.family === 4 && first.bits >> 24n === 127n)
}

function carrierOf(fields: ConfigFields): ProxyConfig['carrier'] {
  switch (fields.text('mode')) {
    case '':
      return 'auto'
    case 'nftables':
      return 'rules'
    default:
      return 'sockets'
  }
}

/** A time of 0, or none, leaves the kernel's value. */
function conntrackSettings(fields: ConfigFields): ConntrackSettings {
  const ms = (name: string): number | undefined =>
    fields.durationMs(`conntrack.${name}`) || undefined
  const isSet = (name: string): boolean => fields.text(`conntrack.${name}`) !== ''
  return {
    tcpEstablishedTimeoutMs: isSet('tcpEstablishedTimeout')
      ? ms('tcpEstablishedTimeout')
      : tcpEstablishedTimeoutMs,
    tcpCloseWaitTimeoutMs: isSet('tcpCloseWaitTimeout')
      ? ms('tcpCloseWaitTimeout')
      : tcpCloseWaitTimeoutMs,
    udpTimeoutMs: ms('udpTimeout'),
    udpStreamTimeoutMs: ms('udpStreamTimeout'),
    tcpBeLiberal: fields.flag('conntrack.tcpBeLiberal') ?? false,
  }
}

function ownAddress(fields: ConfigFields): string {
  const text = fields.text('bindAddress')
  if (['', '0.0.0.0', '::'].includes(text)) return ''
  if (!parseIp(text)) throw fields.fail(`bindAddress: ${JSON.stringify(text)} is no address`)
  return text
}

function nodePortAddresses(fields: ConfigFields): 'primary' | Cidr[] {
  const texts = fields.texts('nodePortAddresses')
  if (texts.length === 0 || texts.join() === 'primary') return 'primary'
  const blocks = texts.map((text) => fields.cidr('nodePortAddresses', text))
  return blocks.every(isZeroCidr) ? 'primary' : blocks
}

/** Where a bind address of the shared ConfigMap really is on this node: on loopback every node has one of its own. */
export function placeOnNode(at: HostPort, network: ProxyNetwork, nodeAddress: string): HostPort {
  const isAnyones = ['', '0.0.0.0', '::', '127.0.0.1', '::1'].includes(at.host)
  return network === 'loopback' && isAnyones && isClusterLoopback(nodeAddress)
    ? { ...at, host: nodeAddress }
    : at
}
