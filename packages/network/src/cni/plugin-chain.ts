import type { NetworkList, PluginConfiguration } from './network-list.ts'
import { CniError } from './plugin-process.ts'
import type { PluginCall, RunPlugin } from './plugin-process.ts'
import type { CniResult } from './result.ts'

/** One pod's place on one network: what every plugin of the chain is told. */
export interface Attachment {
  readonly containerId: string
  readonly namespacePath: string
  readonly interfaceName: string
  readonly args: string
  /** By capability; a plugin gets those that its configuration says it understands. */
  readonly capabilityArgs: Readonly<Record<string, unknown>>
}

/**
 * ADD in the chain's order, each plugin with the result of the one before it; gives the last result. `first` is the
 * index to start at, with `previous` the result of the plugins before it (they are the runtime's own).
 */
export async function addToNetwork(
  run: RunPlugin,
  list: NetworkList,
  attachment: Attachment,
  previous?: { readonly result: CniResult; readonly first: number },
): Promise<CniResult> {
  let result = previous?.result
  for (const plugin of list.plugins.slice(previous?.first ?? 0)) {
    const input = pluginInput(list, plugin, attachment, result)
    try {
      const output = await run(plugin.type, callOf('ADD', attachment), input)
      result = parseResult(output)
    } catch (error) {
      throw inContext(error, plugin, 'add')
    }
  }
  if (result === undefined)
    throw new CniError(`network ${JSON.stringify(list.name)} gave no result`)
  return result
}

/** DEL in reverse order, each with the result of the whole chain's ADD. */
export async function deleteFromNetwork(
  run: RunPlugin,
  list: NetworkList,
  attachment: Attachment,
  result: CniResult | undefined,
  first = 0,
): Promise<void> {
  // prevResult came to DEL with 0.4.0.
  const previous = isBefore040(list.cniVersion) ? undefined : result
  for (const plugin of list.plugins.slice(first).reverse()) {
    const input = pluginInput(list, plugin, attachment, previous)
    try {
      await run(plugin.type, callOf('DEL', attachment), input)
    } catch (error) {
      if (!isGoneAlready(error, attachment)) throw inContext(error, plugin, 'delete')
    }
  }
}

/** CHECK in order; rejects with what the first plugin found wrong. Nothing is asked where the list forbids it. */
export async function checkOnNetwork(
  run: RunPlugin,
  list: NetworkList,
  attachment: Attachment,
  result: CniResult,
): Promise<void> {
  if (list.disableCheck || isBefore040(list.cniVersion)) return
  for (const plugin of list.plugins) {
    const input = pluginInput(list, plugin, attachment, result)
    await run(plugin.type, callOf('CHECK', attachment), input)
  }
}

/** The plugin's own keys with what the runtime adds (libcni's buildOneConfig). */
function pluginInput(
  list: NetworkList,
  plugin: PluginConfiguration,
  attachment: Attachment,
  previous: CniResult | undefined,
): string {
  const wanted = Object.entries(plugin.capabilities ?? {}).filter(
    ([name, isSupported]) => isSupported && name in attachment.capabilityArgs,
  )
  const runtimeConfig = wanted.map(([name]) => [name, attachment.capabilityArgs[name]])
  return JSON.stringify({
    ...plugin,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(runtimeConfig.length > 0 && { runtimeConfig: Object.fromEntries(runtimeConfig) }),
    ...(previous && { prevResult: { ...previous, cniVersion: list.cniVersion } }),
  })
}

function callOf(command: PluginCall['command'], attachment: Attachment): PluginCall {
  const { containerId, namespacePath, interfaceName, args } = attachment
  return { command, containerId, namespacePath, interfaceName, args }
}

function parseResult(output: string): CniResult {
  try {
    return JSON.parse(output) as CniResult
  } catch (error) {
    throw new CniError(`invalid result ${JSON.stringify(output)}: ${(error as Error).message}`)
  }
}

function isBefore040(version: string): boolean {
  return version.startsWith('0.3.')
}

/** go-cni's tolerance: what a plugin does not find any more is as good as deleted. */
function isGoneAlready(error: unknown, { namespacePath }: Attachment): boolean {
  const { message } = error as Error
  return (
    message.includes('not found') ||
    (namespacePath === '' && message.includes('no such file or directory'))
  )
}

function inContext(error: unknown, { type }: PluginConfiguration, verb: string): CniError {
  const { message } = error as Error
  const code = error instanceof CniError ? error.code : 0
  return new CniError(`plugin type=${JSON.stringify(type)} failed (${verb}): ${message}`, code)
}
