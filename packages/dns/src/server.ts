import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseCorefile } from './corefile/parser.ts'
import type { Answering } from './handler.ts'
import { Instance } from './instance.ts'
import type { PluginDeps } from './plugins/plugin.ts'
import { watchFile } from './serve/file-watch.ts'
import { requestMetrics } from './serve/request-metrics.ts'
import { DnsListener } from './serve/dns-listener.ts'
import type { Query } from './wire/message.ts'

export interface ServerConfig {
  readonly corefile: string
  /** For server blocks that name no port. */
  readonly defaultPort: number
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The DNS server: one Corefile's instance behind the sockets, replaced when the file changes. */
export class DnsServer {
  readonly #config: ServerConfig
  readonly #deps: PluginDeps
  readonly #listeners = new Map<number, DnsListener>()
  #instance: Instance | undefined
  #hash = ''
  #watch: { close(): void } | undefined
  #reloading: Promise<void> = Promise.resolve()

  constructor(config: ServerConfig, deps: PluginDeps) {
    this.#config = config
    this.#deps = deps
  }

  /** Rejects with a CorefileError, or with Node's error when a port cannot be had. */
  async start(): Promise<void> {
    const { instance, hash } = this.#read()
    await instance.start()
    this.#hash = hash
    await this.#replace(instance)
    if (instance.reloads) this.#watch = watchFile(this.#config.corefile, () => this.#changed())
  }

  /** Answers through the health plugin's lame-duck time, then closes. */
  async close(): Promise<void> {
    this.#watch?.close()
    await this.#reloading
    await this.#instance?.lameDuck()
    for (const listener of this.#listeners.values()) listener.close()
    await this.#instance?.close()
  }

  #read(): { instance: Instance; hash: string } {
    const { corefile, defaultPort, env } = this.#config
    const text = readFileSync(corefile, 'utf8')
    const blocks = parseCorefile(text, corefile, env)
    const instance = new Instance(blocks, corefile, defaultPort, this.#deps)
    return { instance, hash: createHash('sha512').update(text).digest('hex') }
  }

  async #replace(instance: Instance): Promise<void> {
    const { place, clock, logger } = this.#deps
    this.#instance = instance
    const wanted = new Set(instance.ports)
    for (const [port, listener] of this.#listeners) {
      if (wanted.has(port)) continue
      listener.close()
      this.#listeners.delete(port)
    }
    for (const port of wanted) {
      if (this.#listeners.has(port)) continue
      const listener = new DnsListener((query) => this.#answer(query, port), clock, logger)
      await listener.open(place.host, place.port(port))
      this.#listeners.set(port, listener)
    }
    instance.onServing()
  }

  #answer(query: Query, port: number): Answering {
    return this.#instance!.answer(query, port)
  }

  #changed(): void {
    this.#reloading = this.#reloading.then(() => this.#reload())
  }

  /** A Corefile that is wrong leaves everything as it is. */
  async #reload(): Promise<void> {
    const { logger, metrics } = this.#deps
    let read: { instance: Instance; hash: string }
    try {
      read = this.#read()
    } catch (error) {
      requestMetrics(metrics).reloadFailures.inc()
      return logger.error('Corefile changed but reload failed', { err: error as Error })
    }
    if (read.hash === this.#hash) return read.instance.close()
    logger.info('Reloading')
    await this.#switch(read.instance)
    this.#hash = read.hash
    logger.info('Reloading complete', { sha512: read.hash })
  }

  /** The old instance goes first, as both have pages on the same ports; its caches answer until the new one can. */
  async #switch(instance: Instance): Promise<void> {
    try {
      await this.#instance?.close()
      await instance.start()
      await this.#replace(instance)
    } catch (error) {
      // Neither the old nor the new state is whole: a new process starts from the new Corefile, or says what is wrong.
      this.#deps.fatal(`Reload failed half-way: ${(error as Error).message}`)
    }
  }
}
