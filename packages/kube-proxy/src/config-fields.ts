import { parseDuration } from '@kemu/base'
import { parseCidr, parseHostPort, parseIp } from '@kemu/network/address'
import type { Cidr, HostPort } from '@kemu/network/address'

/** A configuration that cannot be used; the message names the file and the field. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Reads fields of a document by their path; what is of another type than the field's is refused. */
export class ConfigFields {
  readonly #document: unknown
  readonly #file: string

  constructor(document: unknown, file: string) {
    this.#document = document
    this.#file = file
  }

  fail(message: string): ConfigError {
    return new ConfigError(`${this.#file}: ${message}`)
  }

  /** '' where the field is not set. */
  text(path: string): string {
    const value = this.#at(path) ?? ''
    if (typeof value !== 'string') throw this.fail(`${path}: must be a string`)
    return value
  }

  /** Undefined where the field is not set. */
  flag(path: string): boolean | undefined {
    const value = this.#at(path) ?? undefined
    if (value !== undefined && typeof value !== 'boolean')
      throw this.fail(`${path}: must be true or false`)
    return value
  }

  integer(path: string, fallback: number, max: number): number {
    const value = this.#at(path) ?? fallback
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max)
      throw this.fail(`${path}: must be a whole number from 0 to ${max}`)
    return value
  }

  texts(path: string): string[] {
    const value = this.#at(path) ?? []
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw this.fail(`${path}: must be a list of strings`)
    return value
  }

  /** 0 where the field is not set. */
  durationMs(path: string): number {
    const text = this.text(path)
    const ms = text === '' ? 0 : parseDuration(text)
    if (ms === undefined || ms < 0)
      throw this.fail(`${path}: ${JSON.stringify(text)} is no duration`)
    return ms
  }

  cidr(path: string, text: string): Cidr {
    const cidr = parseCidr(text.trim())
    if (!cidr) throw this.fail(`${path}: ${JSON.stringify(text)} is no CIDR`)
    return cidr
  }

  /** An address with or without a port, as upstream's bind addresses are written. */
  bindAddress(path: string, fallback: HostPort): HostPort {
    const text = this.text(path)
    if (text === '') return fallback
    const host = text.includes(':') ? `[${text}]` : text
    const found = parseHostPort(text) ?? parseHostPort(`${host}:${fallback.port}`)
    if (!found || (found.host !== '' && !parseIp(found.host)))
      throw this.fail(`${path}: ${JSON.stringify(text)} is no address`)
    return found
  }

  #at(path: string): unknown {
    let value = this.#document
    for (const key of path.split('.'))
      value = (value as Record<string, unknown> | null | undefined)?.[key]
    return value
  }
}
