import { expectNoBlock, intArg, zoneArgs } from '../corefile/arguments.ts'
import { durationArg, onlyArg, wrongArgs } from '../corefile/arguments.ts'
import type { Directive } from '../corefile/parser.ts'
import { afterReply } from '../handler.ts'
import { longestZone } from '../wire/message.ts'
import type { Query, Reply } from '../wire/message.ts'
import { cacheMetrics } from '../serve/cache-metrics.ts'
import { capTtl, kindOf, minimalTtl, withTtl } from './cache-rules.ts'
import type { Setup } from './plugin.ts'

interface Limits {
  capacity: number
  maxTtlSeconds: number
  minTtlSeconds: number
  /** Zones whose answers of this kind are not kept. */
  except: string[]
}

interface Options {
  readonly zones: string[]
  readonly success: Limits
  readonly denial: Limits
  servfailTtlSeconds: number
  keepsTtl: boolean
}

interface Item {
  readonly reply: Reply
  readonly storedAtMs: number
  readonly ttlSeconds: number
}

/** Keeps answers for as long as they say, within bounds; the oldest goes when it is full. */
export const cache: Setup = (directive, site, { clock, metrics }) => {
  const options = parseOptions(directive, site.zones)
  const kept = { success: new Map<string, Item>(), denial: new Map<string, Item>() }
  const counted = cacheMetrics(metrics)
  const zonesLabel = options.zones.map((zone) => `${zone}.`).join(',')
  const labels = (...more: string[]): string[] => [site.server, ...more, zonesLabel, '']

  const lookUp = (key: string): Reply | undefined => {
    counted.requests.inc(labels())
    for (const type of ['denial', 'success'] as const) {
      const item = kept[type].get(key)
      if (!item) continue
      const ageSeconds = Math.floor((clock.monotonicMs() - item.storedAtMs) / 1000)
      const leftSeconds = item.ttlSeconds - ageSeconds
      if (leftSeconds <= 0) continue
      counted.hits.inc(labels(type))
      const ttl = options.keepsTtl ? item.ttlSeconds : leftSeconds
      // Some resolvers throw away what is not authoritative, so CoreDNS says so of everything it keeps.
      return { ...withTtl(item.reply, ttl), isAuthoritative: true, by: 'cache' }
    }
    counted.misses.inc(labels())
    return undefined
  }

  const keep = (key: string, query: Query, reply: Reply): Reply => {
    const kind = kindOf(reply)
    const side = kind === 'success' ? 'success' : 'denial'
    const limits = options[side]
    const seconds =
      kind === 'servfail' ? options.servfailTtlSeconds : capTtl(minimalTtl(reply, kind), limits)
    const capped = withTtl(reply, seconds)
    const isExcepted = longestZone(limits.except, query.question.key) !== undefined
    if (kind === 'other' || reply.isTruncated || seconds <= 0 || isExcepted) return capped
    const items = kept[side]
    items.delete(key)
    if (items.size >= limits.capacity) items.delete(items.keys().next().value!)
    items.set(key, { reply: capped, storedAtMs: clock.monotonicMs(), ttlSeconds: seconds })
    counted.entries.set(items.size, labels(side))
    return capped
  }

  return {
    handler: {
      name: 'cache',
      handle(query, next) {
        if (longestZone(options.zones, query.question.key) === undefined) return next(query)
        const key = cacheKey(query)
        return lookUp(key) ?? afterReply(next(query), (reply) => keep(key, query, reply))
      },
    },
  }
}

function cacheKey({ question, edns, isCheckingDisabled }: Query): string {
  return `${edns?.isDnssecOk ? 1 : 0}${isCheckingDisabled ? 1 : 0} ${question.type} ${question.key}`
}

/** 1 h and 30 min at most, 5 s at least, 10,000 answers of a kind (CoreDNS's defaults). */
function parseOptions(directive: Directive, zones: readonly string[]): Options {
  const [first, ...rest] = directive.args
  const isTtl = first !== undefined && /^-?\d+$/.test(first)
  const ttlSeconds = isTtl ? intArg(directive, first, 1, 2 ** 31 - 1) : undefined
  const limits = (longestSeconds: number): Limits => ({
    capacity: 10_000,
    maxTtlSeconds: ttlSeconds ?? longestSeconds,
    minTtlSeconds: 5,
    except: [],
  })
  const options: Options = {
    zones: zoneArgs(isTtl ? rest : directive.args, zones),
    success: limits(3600),
    denial: limits(1800),
    servfailTtlSeconds: 5,
    keepsTtl: false,
  }
  for (const property of directive.block) readProperty(property, options)
  return options
}

function readProperty(property: Directive, options: Options): void {
  expectNoBlock(property)
  switch (property.name) {
    case 'success':
    case 'denial':
      readLimits(property, options[property.name])
      break
    case 'servfail': {
      const ms = durationArg(property, onlyArg(property))
      if (ms < 0) throw property.error('invalid negative ttl for servfail')
      // RFC 2308 7.1
      if (ms > 300_000)
        throw property.error('caching SERVFAIL responses over 5 minutes is not permitted')
      options.servfailTtlSeconds = ms / 1000
      break
    }
    case 'disable': {
      const [side, ...zones] = property.args
      if (side !== 'success' && side !== 'denial')
        throw property.error(`cache type for disable must be "success" or "denial"`)
      options[side].except = zoneArgs(zones, options.zones)
      break
    }
    case 'keepttl':
      options.keepsTtl = true
      break
    case 'prefetch':
    case 'serve_stale':
      throw property.error(`property '${property.name}' is not emulated`)
    default:
      throw wrongArgs(property)
  }
}

/** `CAPACITY [TTL [MINTTL]]` */
function readLimits(property: Directive, limits: Limits): void {
  const [capacity, ttl, least] = property.args
  if (capacity === undefined) throw wrongArgs(property)
  limits.capacity = intArg(property, capacity, 1, 2 ** 31 - 1)
  if (ttl !== undefined) limits.maxTtlSeconds = intArg(property, ttl, 1, 2 ** 31 - 1)
  if (least !== undefined) limits.minTtlSeconds = intArg(property, least, 0, 2 ** 31 - 1)
}
