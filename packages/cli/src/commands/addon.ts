import { systemClock } from '@kemu/base'
import { isNotFound, namespaces, pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { Client } from '@kemu/client'
import { addons, findAddon, requireProgram } from '../addons/addon.ts'
import type { Addon } from '../addons/addon.ts'
import { addonReady, applyAddon } from '../addons/enable-addon.ts'
import { CliError } from '../cli-error.ts'
import { adminAccess, adminClientOf } from '../cluster/admin-access.ts'
import type { ClusterChoice } from '../cluster/admin-access.ts'
import { waitFor } from '../cluster/wait.ts'
import { print } from '../output/print.ts'
import { Progress } from '../output/progress.ts'
import { formatTable } from '../output/table.ts'

/** Pods come within seconds; on a machine under load within this. */
const readyMs = 180_000

/** `kemu addon enable NAME` */
export async function addonEnable(name: string, options: ClusterChoice): Promise<void> {
  const addon = findAddon(name)
  requireProgram(addon)
  const progress = new Progress(systemClock, print)
  await withClient(options, async (client) => {
    await progress.step('addon', `The objects of ${name} are applied`, () =>
      applyAddon(client, addon),
    )
    const signal = AbortSignal.timeout(readyMs)
    await progress.step('addon', `Its pods in ${addon.namespace} are ready`, () =>
      addonReady(client, addon, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error
        throw new CliError(
          `the pods of ${name} are not ready yet; see: kubectl -n ${addon.namespace} get events`,
          'state',
        )
      }),
    )
  })
}

/** `kemu addon disable NAME`: its data stays on the nodes. */
export async function addonDisable(name: string, options: ClusterChoice): Promise<void> {
  const addon = findAddon(name)
  const progress = new Progress(systemClock, print)
  await withClient(options, async (client) => {
    if (!(await isEnabled(client, addon))) {
      progress.say('addon', `${name} is not enabled`)
      return
    }
    await progress.step('addon', `The objects of ${name} are gone`, async () => {
      await client.resource(namespaces).delete(addon.namespace)
      const isGone = (all: readonly { metadata: { name: string } }[]): boolean =>
        !all.some(({ metadata }) => metadata.name === addon.namespace)
      await waitFor(client, namespaces, '', isGone, AbortSignal.timeout(readyMs))
    })
    progress.say('addon', `Its data stays below ${addon.dataPath} of the host that had it`)
  })
}

/** `kemu addon list` */
export async function addonList(options: ClusterChoice): Promise<void> {
  await withClient(options, async (client) => {
    const rows = await Promise.all(addons.map((addon) => rowOf(client, addon)))
    print(formatTable(['NAME', 'STATUS', 'PODS', 'WHAT IT IS'], rows))
  })
}

async function rowOf(client: Client, addon: Addon): Promise<string[]> {
  if (!(await isEnabled(client, addon))) return [addon.name, 'disabled', '-', addon.summary]
  const { items } = await client.resource(pods, addon.namespace).list()
  const ready = items.filter(isPodReady).length
  return [addon.name, 'enabled', `${ready}/${items.length}`, addon.summary]
}

function isPodReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
}

async function isEnabled(client: Client, addon: Addon): Promise<boolean> {
  try {
    await client.resource(namespaces).get(addon.namespace)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function withClient(
  options: ClusterChoice,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = adminClientOf(adminAccess(options))
  try {
    await work(client)
  } finally {
    client.close()
  }
}
