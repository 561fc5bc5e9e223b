/** One plugin of a chain as its file has it: keys that only the plugin knows are passed on to it. */
export interface PluginConfiguration {
  readonly type: string
  readonly capabilities?: Readonly<Record<string, boolean>>
  readonly [key: string]: unknown
}

/** A network configuration list (CNI specification 1.0, section 1). */
export interface NetworkList {
  readonly name: string
  readonly cniVersion: string
  readonly disableCheck: boolean
  /** Never empty. */
  readonly plugins: readonly PluginConfiguration[]
  /** The file's text. */
  readonly source: string
}

/** A configuration that cannot be used; the message says why, in libcni's words. */
export class InvalidNetworkList extends Error {
  override name = 'InvalidNetworkList'
}

/** Versions of the specification whose results are understood. */
const knownVersions = new Set(['0.3.0', '0.3.1', '0.4.0', '1.0.0'])

/** Parses a `.conflist`. Throws InvalidNetworkList. */
export function parseNetworkList(source: string): NetworkList {
  const list = parseObject(source, 'error parsing configuration list')
  const { name, cniVersion = '', disableCheck = false, plugins } = list
  if (name === undefined) throw invalid('error parsing configuration list: no name')
  if (typeof name !== 'string')
    throw invalid(`error parsing configuration list: invalid name type ${typeof name}`)
  if (!Array.isArray(plugins)) throw invalid('error parsing configuration list: no plugins in list')
  return checked({
    name,
    cniVersion: textOf(cniVersion, 'cniVersion'),
    disableCheck: disableCheck === true || disableCheck === 'true',
    plugins: plugins.map((plugin, index) => readPlugin(plugin, index)),
    source,
  })
}

/** Parses a `.conf` or `.json` of the time before lists: one plugin, which is the whole chain. */
export function parseSinglePlugin(source: string): NetworkList {
  const plugin = parseObject(source, 'error parsing configuration')
  if (typeof plugin['type'] !== 'string' || plugin['type'] === '')
    throw invalid("error parsing configuration: missing 'type'")
  const { name = '', cniVersion = '' } = plugin
  return checked({
    name: textOf(name, 'name'),
    cniVersion: textOf(cniVersion, 'cniVersion'),
    disableCheck: false,
    plugins: [plugin as PluginConfiguration],
    source,
  })
}

function checked(list: NetworkList): NetworkList {
  if (list.plugins.length === 0)
    throw invalid('error parsing configuration list: no plugins in list')
  // The name becomes a part of file names; libcni's ValidateNetworkName.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(list.name))
    throw invalid(`invalid characters found in network name: ${JSON.stringify(list.name)}`)
  // 0.1.0 and 0.2.0 (also meant by an absent version) have results of another shape, which no plugin of today gives.
  if (!knownVersions.has(list.cniVersion))
    throw invalid(
      `cniVersion ${JSON.stringify(list.cniVersion)} is not emulated ` +
        `(${[...knownVersions].join(', ')} are)`,
    )
  return list
}

function readPlugin(plugin: unknown, index: number): PluginConfiguration {
  const type = (plugin as { type?: unknown } | null)?.type
  if (typeof type === 'string' && type !== '') return plugin as PluginConfiguration
  throw invalid(
    `failed to parse plugin config ${index}: error parsing configuration: missing 'type'`,
  )
}

function parseObject(source: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch (error) {
    throw invalid(`${what}: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${what}: it is no object`)
  return value as Record<string, unknown>
}

function textOf(value: unknown, key: string): string {
  if (typeof value === 'string') return value
  throw invalid(`error parsing configuration list: invalid ${key} type ${typeof value}`)
}

function invalid(message: string): InvalidNetworkList {
  return new InvalidNetworkList(message)
}
