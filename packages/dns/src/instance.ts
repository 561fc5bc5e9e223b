import { CorefileError } from './corefile/corefile-error.ts'
import type { Directive, ServerBlock } from './corefile/parser.ts'
import { parseServerKey } from './corefile/server-key.ts'
import type { ServerKey } from './corefile/server-key.ts'
import { chain, PluginError, settle } from './handler.ts'
import type { Answering, Handler, Next } from './handler.ts'
import type { Plugin, PluginDeps, Site } from './plugins/plugin.ts'
import { notEmulated, registry } from './plugins/registry.ts'
import { longestZone, reply } from './wire/message.ts'
import type { Query } from './wire/message.ts'

interface RunningSite {
  readonly zones: readonly string[]
  readonly port: number
  readonly plugins: readonly { readonly name: string; readonly plugin: Plugin }[]
  readonly next: Next
}

/** CNAMEs that lead out and in again are followed this often (CoreDNS: loop protection in upstream lookups). */
const maxHops = 8

/** Everything that one Corefile makes. A reload makes a new one and closes the old. */
export class Instance {
  /** By port, then by zone. */
  readonly #sites = new Map<number, Map<string, RunningSite>>()
  readonly #logger: PluginDeps['logger']
  /** How often to look whether the Corefile changed; undefined: never. */
  readonly reloads: boolean

  /** @throws CorefileError, before anything is opened */
  constructor(blocks: readonly ServerBlock[], file: string, defaultPort: number, deps: PluginDeps) {
    this.#logger = deps.logger
    for (const block of blocks)
      for (const site of this.#sitesOf(block, file, defaultPort, deps))
        this.#add(site, file, block.line)
    this.reloads = blocks.some(({ directives }) => directives.some(({ name }) => name === 'reload'))
  }

  get ports(): readonly number[] {
    return [...this.#sites.keys()]
  }

  /** Opens what the plugins need; resolves when queries can be answered. */
  async start(): Promise<void> {
    await Promise.all(this.#plugins().map(async (plugin) => plugin.start?.()))
  }

  onServing(): void {
    for (const plugin of this.#plugins()) plugin.onServing?.()
  }

  async lameDuck(): Promise<void> {
    await Promise.all(this.#plugins().map(async (plugin) => plugin.lameDuck?.()))
  }

  async close(): Promise<void> {
    await Promise.all(this.#plugins().map(async (plugin) => plugin.close?.()))
  }

  /** The answer to a query at a port: of the server block with the longest zone, REFUSED where there is none. */
  answer(query: Query, port: number): Answering {
    const { name, key, class: klass } = query.question
    const sites = this.#sites.get(port) ?? new Map<string, RunningSite>()
    const zone = longestZone(sites.keys(), key)
    if (zone === undefined || klass !== 'IN') return reply('REFUSED')
    if ((query.edns?.version ?? 0) !== 0) return reply('BADVERS')
    return settle(
      () => sites.get(zone)!.next(query),
      (answer) => answer,
      (error) => {
        if (!(error instanceof PluginError))
          this.#logger.error('Failed to answer', { name, err: error as Error })
        return reply('SERVFAIL')
      },
    )
  }

  #plugins(): Plugin[] {
    const sites = new Set([...this.#sites.values()].flatMap((zones) => [...zones.values()]))
    return [...sites].flatMap(({ plugins }) => plugins.map(({ plugin }) => plugin))
  }

  #add(site: RunningSite, file: string, line: number): void {
    const { port, zones } = site
    const sites = this.#sites.get(port) ?? new Map<string, RunningSite>()
    this.#sites.set(port, sites)
    for (const zone of zones) {
      if (sites.has(zone))
        throw new CorefileError(
          file,
          line,
          `cannot serve dns://${zone}.:${port} - it is already defined`,
        )
      sites.set(zone, site)
    }
  }

  /** A block's keys with one port share their plugins; each port has its own. */
  #sitesOf(block: ServerBlock, file: string, defaultPort: number, deps: PluginDeps): RunningSite[] {
    const keys = block.keys.map((text) => readKey(text, defaultPort, file, block.line))
    if (keys.length === 0) keys.push({ zone: '', port: defaultPort })
    checkNames(block.directives)
    const ports = [...new Set(keys.map(({ port }) => port))]
    return ports.map((port) => {
      const zones = keys.filter((key) => key.port === port).map(({ zone }) => zone)
      return this.#site(block.directives, zones, port, deps)
    })
  }

  #site(
    directives: readonly Directive[],
    zones: readonly string[],
    port: number,
    deps: PluginDeps,
  ): RunningSite {
    const plugins: { name: string; plugin: Plugin }[] = []
    const isReady = (plugin: Plugin): boolean => plugin.isReady?.() ?? true
    const site: Site = {
      zones,
      port,
      directives: new Set(directives.map(({ name }) => name)),
      server: `dns://:${port}`,
      lookup: (query) => this.#lookup(query, port),
      notReady: () => plugins.filter(({ plugin }) => !isReady(plugin)).map(({ name }) => name),
    }
    for (const [name, setup] of Object.entries(registry))
      for (const directive of directives.filter((candidate) => candidate.name === name))
        plugins.push({ name, plugin: setup(directive, site, deps) })
    const handlers = plugins.flatMap(({ plugin }): Handler[] =>
      plugin.handler ? [plugin.handler] : [],
    )
    return { zones, port, plugins, next: chain(handlers) }
  }

  #lookup(query: Query, port: number): Answering {
    return query.hops > maxHops ? reply('SERVFAIL') : this.answer(query, port)
  }
}

function readKey(text: string, defaultPort: number, file: string, line: number): ServerKey {
  try {
    return parseServerKey(text, defaultPort)
  } catch (error) {
    throw new CorefileError(file, line, (error as Error).message)
  }
}

function checkNames(directives: readonly Directive[]): void {
  const seen = new Set<string>()
  for (const directive of directives) {
    const { name } = directive
    if (notEmulated.has(name)) throw directive.error(`Directive '${name}' is not emulated`)
    if (!Object.hasOwn(registry, name) && name !== 'reload')
      throw directive.error(`Unknown directive '${name}'`)
    if (seen.has(name) && !['template', 'forward', 'kubernetes'].includes(name))
      throw directive.error('this plugin can only be used once per Server Block')
    seen.add(name)
  }
}
