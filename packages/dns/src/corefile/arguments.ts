import { parseDuration } from '@kemu/base'
import { normalizeName } from '../wire/message.ts'
import type { Directive } from './parser.ts'

/** A directive that takes no arguments and no block. */
export function expectBare(directive: Directive): void {
  if (directive.args.length > 0) throw wrongArgs(directive)
  expectNoBlock(directive)
}

export function expectNoBlock(directive: Directive): void {
  const [inner] = directive.block
  if (inner) throw inner.error(`unknown property '${inner.name}'`)
}

/** The only argument. */
export function onlyArg(directive: Directive): string {
  const [arg] = directive.args
  if (arg === undefined || directive.args.length > 1) throw wrongArgs(directive)
  return arg
}

export function wrongArgs(directive: Directive): Error {
  const last = directive.args.at(-1) ?? directive.name
  return directive.error(`Wrong argument count or unexpected line ending after '${last}'`)
}

export function durationArg(directive: Directive, text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw directive.error(`time: invalid duration ${JSON.stringify(text)}`)
  return ms
}

export function intArg(directive: Directive, text: string, least: number, most: number): number {
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= least && number <= most))
    throw directive.error(`${directive.name} must be in range [${least}, ${most}]: ${text}`)
  return number
}

/** Zones out of arguments; the server block's own where there are none. */
export function zoneArgs(args: readonly string[], zones: readonly string[]): string[] {
  return args.length === 0 ? [...zones] : args.map(normalizeName)
}

/** An address to serve HTTP on, as `:8080`. */
export function addressArg(directive: Directive, text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text)
  if (!match) throw directive.error(`address ${text}: missing port in address`)
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}
