import { readFileSync } from 'node:fs'
import type { Pod } from '@kemu/api'
import type { DNSConfig } from '@kemu/rpc/cri'

export interface DnsSettings {
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
}

export interface DnsDecision {
  readonly config: DNSConfig
  /** What was left out, in the words of the DNSConfigForming event. */
  readonly warnings: readonly string[]
}

// validation.MaxDNSNameservers, MaxDNSSearchPaths, MaxDNSSearchListChars;
// DNS1123SubdomainMaxLength.
const nameserversMax = 3
const searchPathsMax = 32
const searchCharsMax = 2048
const searchPathLengthMax = 253

/** The resolv.conf of a pod. Pure; upstream: dns.Configurer GetPodDNS. */
export function planDns(pod: Pod, settings: DnsSettings, host: DNSConfig): DnsDecision {
  const { dnsPolicy = 'ClusterFirst', hostNetwork = false, dnsConfig } = pod.spec
  const wantsCluster =
    dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  let config: DNSConfig = { servers: [], searches: [], options: [] }
  if (dnsPolicy !== 'None') config = host
  if (wantsCluster && settings.clusterDns.length > 0) {
    const { clusterDns, clusterDomain } = settings
    const { namespace = '' } = pod.metadata
    const own =
      clusterDomain === ''
        ? []
        : [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
    const searches = [...new Set([...own, ...host.searches])]
    config = { servers: [...clusterDns], searches, options: ['ndots:5'] }
  }
  if (dnsConfig) {
    config = {
      servers: [...new Set([...config.servers, ...(dnsConfig.nameservers ?? [])])],
      searches: [...new Set([...config.searches, ...(dnsConfig.searches ?? [])])],
      options: mergeOptions(config.options, dnsConfig.options ?? []),
    }
  }
  return fit(config)
}

function mergeOptions(
  standing: readonly string[],
  more: readonly { name?: string; value?: string }[],
): string[] {
  const options = new Map(standing.map((option) => [option.split(':')[0]!, option]))
  for (const { name = '', value } of more) options.set(name, value ? `${name}:${value}` : name)
  return [...options.values()]
}

function fit(config: DNSConfig): DnsDecision {
  const warnings: string[] = []
  const servers = config.servers.slice(0, nameserversMax)
  if (servers.length < config.servers.length)
    warnings.push(
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`,
    )
  const searches = config.searches
    .slice(0, searchPathsMax)
    .filter((search) => search.length <= searchPathLengthMax)
  while (searches.join(' ').length > searchCharsMax) searches.pop()
  if (searches.length < config.searches.length)
    warnings.push(
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
    )
  return { config: { servers, searches, options: config.options }, warnings }
}

/** Reads a resolv.conf(5); later search and option lines overrule earlier ones. */
export function readResolvConf(path: string): DNSConfig {
  if (path === '') return { servers: [], searches: [], options: [] }
  return parseResolvConf(readFileSync(path, 'utf8'))
}

export function parseResolvConf(text: string): DNSConfig {
  const servers: string[] = []
  let searches: string[] = []
  const options = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/)
    if (word === 'nameserver' && rest[0]) servers.push(rest[0])
    if (word === 'search') searches = rest.filter((s) => s !== '.').map((s) => s.replace(/\.$/, ''))
    if (word === 'options') for (const option of rest) options.set(option.split(':')[0]!, option)
  }
  return { servers, searches, options: [...options.values()] }
}
