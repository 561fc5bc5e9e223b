import type { HostAlias } from '@kemu/api'
import type { PodHostname } from './pod-hostname.ts'

const header = '# Kubernetes-managed hosts file.\n'
const hostNetworkHeader = '# Kubernetes-managed hosts file (host network).\n'

/** The /etc/hosts of a pod with addresses of its own. */
export function podHostsFile(
  podIps: readonly string[],
  { hostname, domain }: PodHostname,
  aliases: readonly HostAlias[],
): string {
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`
  return [
    header,
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::0\tip6-localnet\n',
    'fe00::0\tip6-mcastprefix\n',
    'fe00::1\tip6-allnodes\n',
    'fe00::2\tip6-allrouters\n',
    ...podIps.map((ip) => `${ip}\t${names}\n`),
    aliasLines(aliases),
  ].join('')
}

/** The node's hosts file and the pod's aliases, for a pod on the node's network. */
export function hostNetworkHostsFile(nodeHosts: string, aliases: readonly HostAlias[]): string {
  return `${hostNetworkHeader}${nodeHosts}${aliasLines(aliases)}`
}

function aliasLines(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return ''
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`)
  return `\n# Entries added by HostAliases.\n${lines.join('')}`
}
