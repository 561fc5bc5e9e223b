import { readFileSync } from 'node:fs'
import { parseDuration } from '@kemu/base'
import { parseYaml } from '@kemu/api/yaml'
import { Quantity } from '@kemu/api'
import type { Taint } from '@kemu/api'
import { configFields } from './config-fields.ts'

/** A configuration file that cannot be used; the message names the file and the field. */
class ConfigurationError extends Error {
  override name = 'ConfigurationError'
}

export interface AuthenticationConfig {
  readonly anonymous: boolean
  readonly webhook: boolean
  readonly webhookCacheTtlMs: number
  readonly clientCaFile: string
}

export interface AuthorizationConfig {
  readonly mode: 'AlwaysAllow' | 'Webhook'
  readonly cacheAuthorizedTtlMs: number
  readonly cacheUnauthorizedTtlMs: number
}

/**
 * What of KubeletConfiguration (kubelet.config.k8s.io/v1beta1) has an effect here; defaults are
 * upstream's.
 */
export interface KubeletConfiguration {
  readonly staticPodPath: string
  readonly address: string
  readonly port: number
  readonly healthzBindAddress: string
  readonly healthzPort: number
  readonly tlsCertFile: string
  readonly tlsPrivateKeyFile: string
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  readonly resolvConf: string
  readonly authentication: AuthenticationConfig
  readonly authorization: AuthorizationConfig
  readonly rotateCertificates: boolean
  readonly serverTlsBootstrap: boolean
  readonly containerRuntimeEndpoint: string
  readonly registerNode: boolean
  readonly registerWithTaints: readonly Taint[]
  readonly nodeStatusUpdateFrequencyMs: number
  readonly nodeStatusReportFrequencyMs: number
  readonly nodeLeaseDurationSeconds: number
  readonly syncFrequencyMs: number
  readonly maxPods: number
  readonly podCidr: string
  readonly podLogsDir: string
  readonly runtimeRequestTimeoutMs: number
  readonly serializeImagePulls: boolean
  readonly containerLogMaxFiles: number
  readonly containerLogMaxBytes: number
  readonly enableServer: boolean
  readonly systemReserved: Readonly<Record<string, string>>
  readonly kubeReserved: Readonly<Record<string, string>>
  readonly evictionHard: Readonly<Record<string, string>>
  readonly maxContainerRestartPeriodMs: number
  readonly providerId: string
  /** Fields of the file that are accepted and change nothing here. */
  readonly withoutEffect: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

export function loadKubeletConfiguration(file: string): KubeletConfiguration {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigurationError(
      `failed to load Kubelet config file ${file}: ${(error as Error).message}`,
      { cause: error },
    )
  }
  return parseKubeletConfiguration(parseYaml(text), file)
}

/** Reads a parsed file; unknown fields are refused, as upstream's strict decoding does. */
export function parseKubeletConfiguration(document: unknown, file: string): KubeletConfiguration {
  const fields = (document ?? {}) as Fields
  const { kind, apiVersion } = fields
  if (kind !== undefined || apiVersion !== undefined) {
    if (kind !== 'KubeletConfiguration' || apiVersion !== 'kubelet.config.k8s.io/v1beta1')
      throw new ConfigurationError(
        `${file}: no kind "${String(kind)}" is registered for version "${String(apiVersion)}"`,
      )
  }
  const withoutEffect: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    const standing = configFields[name]
    if (standing === undefined)
      throw new ConfigurationError(`${file}: strict decoding error: unknown field "${name}"`)
    if (standing === 'accepted' && !isEmpty(value)) withoutEffect.push(name)
  }
  return { ...settle(new FieldReader(fields, file)), withoutEffect }
}

function settle(read: FieldReader): Omit<KubeletConfiguration, 'withoutEffect'> {
  const updateMs = read.duration('nodeStatusUpdateFrequency', 10_000)
  return {
    staticPodPath: read.text('staticPodPath', ''),
    address: read.text('address', '0.0.0.0'),
    port: read.number('port', 10250),
    healthzBindAddress: read.text('healthzBindAddress', '127.0.0.1'),
    healthzPort: read.number('healthzPort', 10248),
    tlsCertFile: read.text('tlsCertFile', ''),
    tlsPrivateKeyFile: read.text('tlsPrivateKeyFile', ''),
    clusterDns: read.list('clusterDNS'),
    clusterDomain: read.text('clusterDomain', ''),
    resolvConf: read.text('resolvConf', '/etc/resolv.conf'),
    authentication: authentication(read),
    authorization: authorization(read),
    rotateCertificates: read.boolean('rotateCertificates', false),
    serverTlsBootstrap: read.boolean('serverTLSBootstrap', false),
    containerRuntimeEndpoint: read.text('containerRuntimeEndpoint', ''),
    registerNode: read.boolean('registerNode', true),
    registerWithTaints: read.value('registerWithTaints', []),
    nodeStatusUpdateFrequencyMs: updateMs,
    // SetDefaults: five minutes, or the update frequency when only that was given.
    nodeStatusReportFrequencyMs: read.duration(
      'nodeStatusReportFrequency',
      updateMs === 10_000 ? 300_000 : updateMs,
    ),
    nodeLeaseDurationSeconds: read.number('nodeLeaseDurationSeconds', 40),
    syncFrequencyMs: read.duration('syncFrequency', 60_000),
    maxPods: read.number('maxPods', 110),
    podCidr: read.text('podCIDR', ''),
    podLogsDir: read.text('podLogsDir', '/var/log/pods'),
    runtimeRequestTimeoutMs: read.duration('runtimeRequestTimeout', 120_000),
    serializeImagePulls: read.boolean('serializeImagePulls', true),
    containerLogMaxFiles: read.number('containerLogMaxFiles', 5),
    containerLogMaxBytes: Quantity.parse(read.text('containerLogMaxSize', '10Mi')).units,
    enableServer: read.boolean('enableServer', true),
    systemReserved: read.value('systemReserved', {}),
    kubeReserved: read.value('kubeReserved', {}),
    // eviction.DefaultEvictionHard, as far as allocatable is concerned.
    evictionHard: read.value('evictionHard', {
      'memory.available': '100Mi',
      'nodefs.available': '10%',
    }),
    maxContainerRestartPeriodMs: read
      .nested('crashLoopBackOff')
      .duration('maxContainerRestartPeriod', 300_000),
    providerId: read.text('providerID', ''),
  }
}

function authentication(read: FieldReader): AuthenticationConfig {
  const section = read.nested('authentication')
  return {
    anonymous: section.nested('anonymous').boolean('enabled', false),
    webhook: section.nested('webhook').boolean('enabled', true),
    webhookCacheTtlMs: section.nested('webhook').duration('cacheTTL', 120_000),
    clientCaFile: section.nested('x509').text('clientCAFile', ''),
  }
}

function authorization(read: FieldReader): AuthorizationConfig {
  const section = read.nested('authorization')
  const mode = section.text('mode', 'Webhook')
  if (mode !== 'Webhook' && mode !== 'AlwaysAllow')
    throw read.broken('authorization.mode', `"${mode}" is not a valid authorization mode`)
  const webhook = section.nested('webhook')
  return {
    mode,
    cacheAuthorizedTtlMs: webhook.duration('cacheAuthorizedTTL', 300_000),
    cacheUnauthorizedTtlMs: webhook.duration('cacheUnauthorizedTTL', 30_000),
  }
}

/** Typed reading of one section; a zero duration and an empty text mean the default, as in Go. */
class FieldReader {
  readonly #fields: Fields
  readonly #file: string
  readonly #path: string

  constructor(fields: Fields, file: string, path = '') {
    this.#fields = fields
    this.#file = file
    this.#path = path
  }

  nested(name: string): FieldReader {
    const value = this.#fields[name] ?? {}
    if (typeof value !== 'object') throw this.broken(name, 'must be an object')
    return new FieldReader(value as Fields, this.#file, `${this.#path}${name}.`)
  }

  text(name: string, otherwise: string): string {
    const value = this.#fields[name]
    if (value === undefined || value === null || value === '') return otherwise
    if (typeof value !== 'string') throw this.broken(name, 'must be a string')
    return value
  }

  number(name: string, otherwise: number): number {
    const value = this.#fields[name]
    if (value === undefined || value === null) return otherwise
    if (typeof value !== 'number') throw this.broken(name, 'must be a number')
    return value
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.#fields[name]
    if (value === undefined || value === null) return otherwise
    if (typeof value !== 'boolean') throw this.broken(name, 'must be a boolean')
    return value
  }

  list(name: string): readonly string[] {
    const value = this.#fields[name] ?? []
    if (!Array.isArray(value)) throw this.broken(name, 'must be a list')
    return value as string[]
  }

  duration(name: string, otherwiseMs: number): number {
    const value = this.#fields[name]
    if (value === undefined || value === null) return otherwiseMs
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    if (ms === undefined) throw this.broken(name, 'must be a duration such as 10s')
    return ms === 0 ? otherwiseMs : ms
  }

  value<T>(name: string, otherwise: T): T {
    return (this.#fields[name] as T | undefined | null) ?? otherwise
  }

  broken(name: string, why: string): ConfigurationError {
    return new ConfigurationError(`${this.#file}: ${this.#path}${name}: ${why}`)
  }
}

/** What kubeadm writes for "not set": zero durations, empty objects and lists. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === 0 || value === '0s' || value === '0') return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.values(value).every(isEmpty)
}
