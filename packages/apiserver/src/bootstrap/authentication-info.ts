import { configMaps, deepCopy, deepEqual } from '@kemu/api'
import type { ApiserverConfig } from '../config.ts'
import type { SystemWriter } from './system-writer.ts'

const place = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }

/**
 * Tells other servers of the cluster how this one knows its callers, so that they can do the same.
 */
export async function publishAuthenticationInfo(
  writer: SystemWriter,
  config: ApiserverConfig,
): Promise<void> {
  const data = authenticationInfo(config)
  const created = await writer.create(configMaps, { metadata: place, data })
  if (created) return
  const present = await writer.lookup.read(configMaps, place.namespace, place.name)
  if (!present || deepEqual(present.data ?? {}, data)) return
  await writer.update(configMaps, place, (old) => {
    const next = deepCopy(old)
    next.data = { ...next.data, ...data }
    return next
  })
}

function authenticationInfo(config: ApiserverConfig): Record<string, string> {
  const { clientAuthority, frontProxyAuthority, requestHeader } = config
  return {
    ...(clientAuthority !== undefined && { 'client-ca-file': clientAuthority }),
    ...(frontProxyAuthority !== undefined && {
      'requestheader-allowed-names': JSON.stringify(requestHeader.allowedNames),
      'requestheader-client-ca-file': frontProxyAuthority,
      'requestheader-extra-headers-prefix': JSON.stringify(requestHeader.extraHeaderPrefixes),
      'requestheader-group-headers': JSON.stringify(requestHeader.groupHeaders),
      'requestheader-username-headers': JSON.stringify(requestHeader.usernameHeaders),
    }),
  }
}
