import { readFileSync } from 'node:fs'
import type { Flags } from '@kemu/base'
import { FlagError } from '@kemu/base'
import type { apiserverFlags } from './flags.ts'
import type { RequestHeaderConfig } from './authentication/request-header.ts'

export type ApiserverFlags = Flags<typeof apiserverFlags>

/**
 * The flags made sense of; files are read here, so that a missing one ends the start with its
 * flag's name.
 */
export interface ApiserverConfig {
  readonly flags: ApiserverFlags
  readonly advertiseAddress: string
  readonly serving: { readonly certFile: string; readonly keyFile: string }
  readonly clientAuthority: string | undefined
  readonly frontProxyAuthority: string | undefined
  readonly requestHeader: RequestHeaderConfig
}

export function readConfig(flags: ApiserverFlags): ApiserverConfig {
  return {
    flags,
    advertiseAddress: flags['advertise-address'] ?? flags['bind-address'],
    serving: {
      certFile: required(flags, 'tls-cert-file'),
      keyFile: required(flags, 'tls-private-key-file'),
    },
    clientAuthority: readPem(flags, 'client-ca-file'),
    frontProxyAuthority: readPem(flags, 'requestheader-client-ca-file'),
    requestHeader: {
      allowedNames: flags['requestheader-allowed-names'],
      usernameHeaders: flags['requestheader-username-headers'],
      groupHeaders: flags['requestheader-group-headers'],
      extraHeaderPrefixes: flags['requestheader-extra-headers-prefix'],
    },
  }
}

type FileFlag =
  | 'tls-cert-file'
  | 'tls-private-key-file'
  | 'client-ca-file'
  | 'requestheader-client-ca-file'

function required(flags: ApiserverFlags, name: FileFlag): string {
  const file = flags[name]
  if (file === undefined || file === '') throw new FlagError(`--${name} is required`)
  return file
}

function readPem(flags: ApiserverFlags, name: FileFlag): string | undefined {
  const file = flags[name]
  if (file === undefined || file === '') return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`--${name}: ${String(error)}`, { cause: error })
  }
}
