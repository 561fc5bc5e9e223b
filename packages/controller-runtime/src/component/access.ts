import { readFileSync } from 'node:fs'
import type { Clock } from '@kemu/base'
import { connectKubeconfig } from '@kemu/client'
import type { Client } from '@kemu/client'
import { DelegatedAccess } from '../serving/delegated-access.ts'
import type { ComponentFlags } from './component-flags.ts'

/** The flags' way of telling callers of the secure port apart. */
export function accessOf(
  flags: ComponentFlags,
  userAgent: string,
  clock: Clock,
): { access: DelegatedAccess; close: () => void } {
  const clients: Client[] = []
  const open = (file: string | undefined): Client | undefined => {
    if (file === undefined) return undefined
    const client = connectKubeconfig(file, userAgent)
    clients.push(client)
    return client
  }
  const authentication = open(flags['authentication-kubeconfig'])
  const sameFile = flags['authorization-kubeconfig'] === flags['authentication-kubeconfig']
  const authorization = sameFile ? authentication : open(flags['authorization-kubeconfig'])
  const access = new DelegatedAccess({
    clock,
    authentication,
    authorization,
    callers: {
      clientCa: readPem(flags['client-ca-file']),
      proxyCa: readPem(flags['requestheader-client-ca-file']),
      allowedNames: flags['requestheader-allowed-names'],
      usernameHeaders: flags['requestheader-username-headers'],
      groupHeaders: flags['requestheader-group-headers'],
    },
    lookup: !flags['authentication-skip-lookup'],
    alwaysAllowed: flags['authorization-always-allow-paths'],
  })
  return {
    access,
    close: () => {
      for (const client of clients) client.close()
    },
  }
}

function readPem(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}
