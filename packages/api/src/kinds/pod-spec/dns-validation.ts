import type { PodDNSConfig, PodSpec } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateIp } from '../../validation/ip.ts'
import {
  byteLength,
  checkDns1123Subdomain,
  checkDns1123SubdomainWithUnderscore,
} from '../../validation/name-rules.ts'
import { checked } from '../rules/checked.ts'

/** What a resolv.conf can hold (core/validation MaxDNSNameservers ...). */
const most = { nameservers: 3, searches: 32, searchBytes: 2048 } as const

export function validateDnsConfig(
  { dnsConfig, dnsPolicy }: Pick<PodSpec, 'dnsConfig' | 'dnsPolicy'>,
  path: FieldPath,
): FieldError[] {
  if (dnsPolicy === 'None') {
    if (!dnsConfig)
      return [fieldRequired(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if ((dnsConfig.nameservers ?? []).length === 0) {
      const text = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
      return [fieldRequired(path.child('nameservers'), text)]
    }
  }
  return dnsConfig ? validateConfig(dnsConfig, path) : []
}

function validateConfig(config: PodDNSConfig, path: FieldPath): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = config
  const errors: FieldError[] = []
  const servers = path.child('nameservers')
  if (nameservers.length > most.nameservers) {
    const text = `must not have more than ${most.nameservers} nameservers`
    errors.push(fieldInvalid(servers, nameservers, text))
  }
  errors.push(...nameservers.flatMap((server, i) => validateIp(servers.index(i), server)))
  const at = path.child('searches')
  if (searches.length > most.searches)
    errors.push(fieldInvalid(at, searches, `must not have more than ${most.searches} search paths`))
  if (byteLength(searches.join(' ')) > most.searchBytes) {
    const text = `must not have more than ${most.searchBytes} characters (including spaces) in the search list`
    errors.push(fieldInvalid(at, searches, text))
  }
  errors.push(...searches.flatMap((search, i) => validateSearch(search, at.index(i))))
  for (const [i, { name }] of options.entries())
    if (!name) errors.push(fieldRequired(path.child('options').index(i), 'must not be empty'))
  return errors
}

function validateSearch(search: string, path: FieldPath): FieldError[] {
  if (search === '.') return []
  const bare = search.endsWith('.') ? search.slice(0, -1) : search
  return checked(path, bare, checkDns1123SubdomainWithUnderscore)
}

export function validateHostAliases(
  aliases: NonNullable<PodSpec['hostAliases']>,
  path: FieldPath,
): FieldError[] {
  return aliases.flatMap(({ ip, hostnames = [] }, i) => [
    ...validateIp(path.index(i).child('ip'), ip),
    ...hostnames.flatMap((name, j) =>
      checked(path.index(i).child('hostnames').index(j), name, checkDns1123Subdomain),
    ),
  ])
}
