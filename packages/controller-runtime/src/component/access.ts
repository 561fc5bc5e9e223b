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
  const caFile = flags['client-ca-file']
  const access = new DelegatedAccess({
    clock,
    authentication,
    authorization,
    clientCa: caFile === undefined ? undefined : () => readFileSync(caFile, 'utf8'),
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
