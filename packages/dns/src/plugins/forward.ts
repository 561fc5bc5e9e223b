import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { containerPath } from '@kemu/base'
import { expectBare, expectNoBlock, intArg, onlyArg, wrongArgs } from '../corefile/arguments.ts'
import type { Directive } from '../corefile/parser.ts'
import { PluginError } from '../handler.ts'
import { forwardMetrics } from '../serve/forward-metrics.ts'
import { Upstream } from '../serve/upstream.ts'
import type { UpstreamAddress } from '../serve/upstream.ts'
import { isWithin, normalizeName, reply } from '../wire/message.ts'
import type { Query, Reply } from '../wire/message.ts'
import type { Setup } from './plugin.ts'

interface Options {
  readonly from: string
  readonly to: readonly UpstreamAddress[]
  except: string[]
  forcesTcp: boolean
  maxFails: number
  maxConcurrent: number
  policy: 'random' | 'round_robin' | 'sequential'
}

/** Hosts that a query is given to before it fails, at most. */
const maxAttempts = 3
/** CoreDNS: maxUpstreams. */
const maxUpstreams = 15

/** Asks other servers: only those that the Corefile names. */
export const forward: Setup = (directive, _site, { random, clock, metrics }) => {
  const counted = forwardMetrics(metrics)
  const options = parseOptions(directive)
  const upstreams = options.to.map((at) => new Upstream(at, { random, clock }))
  let concurrent = 0
  let turn = 0

  /** The servers in the order in which they are tried; those that failed lately come last. */
  const order = (): Upstream[] => {
    const start = options.policy === 'sequential' ? 0 : startAt()
    const rotated = [...upstreams.slice(start), ...upstreams.slice(0, start)]
    const isDown = (upstream: Upstream): boolean => upstream.isDown(options.maxFails)
    return [...rotated.filter((u) => !isDown(u)), ...rotated.filter(isDown)]
  }
  const startAt = (): number =>
    options.policy === 'random' ? random.int(upstreams.length) : turn++ % upstreams.length

  const ask = async (query: Query): Promise<Reply> => {
    const protocol = options.forcesTcp ? 'tcp' : query.protocol
    let failure: Error | undefined
    for (const upstream of order().slice(0, maxAttempts)) {
      const startedAtMs = clock.monotonicMs()
      try {
        const answer = await upstream.exchange(query, protocol)
        const seconds = (clock.monotonicMs() - startedAtMs) / 1000
        counted.duration.observe(seconds, ['forward', upstream.name, answer.rcode])
        return answer
      } catch (error) {
        failure = error as Error
      }
    }
    throw new PluginError('forward', failure?.message ?? 'no healthy proxies')
  }

  return {
    handler: {
      name: 'forward',
      async handle(query, next) {
        const { key } = query.question
        const isOurs =
          isWithin(options.from, key) && !options.except.some((zone) => isWithin(zone, key))
        if (!isOurs) return next(query)
        if (options.maxConcurrent > 0 && concurrent >= options.maxConcurrent) {
          counted.rejects.inc()
          return reply('REFUSED')
        }
        concurrent += 1
        try {
          return await ask(query)
        } finally {
          concurrent -= 1
        }
      },
    },
    close: () => {
      for (const upstream of upstreams) upstream.close()
    },
  }
}

function parseOptions(directive: Directive): Options {
  const [from, ...to] = directive.args
  if (from === undefined || to.length === 0) throw wrongArgs(directive)
  const addresses = to.flatMap((text) => addressesOf(directive, text))
  if (addresses.length > maxUpstreams)
    throw directive.error(`more than ${maxUpstreams} TOs configured: ${addresses.length}`)
  const options: Options = {
    from: normalizeName(from),
    to: addresses,
    except: [],
    forcesTcp: false,
    maxFails: 2,
    maxConcurrent: 0,
    policy: 'random',
  }
  for (const property of directive.block) readProperty(property, options)
  return options
}

/** `IP[:port]`, or a file in the form of resolv.conf. */
function addressesOf(directive: Directive, text: string): UpstreamAddress[] {
  if (/^[a-z]+:\/\//.test(text) && !text.startsWith('dns://'))
    throw directive.error(`${text}: only dns:// is emulated`)
  const plain = text.replace(/^dns:\/\//, '')
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(plain)
  const address = match ? (match[1] ?? match[2]!) : plain
  if (isIP(address)) return [{ address, port: match ? Number(match[3]) : 53 }]
  return resolvConfServers(directive, plain)
}

function resolvConfServers(directive: Directive, file: string): UpstreamAddress[] {
  let text: string
  try {
    text = readFileSync(containerPath(file), 'utf8')
  } catch {
    throw directive.error(`not an IP address or file: "${file}"`)
  }
  const servers = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]!)
  if (servers.length === 0) throw directive.error(`no nameservers found in "${file}"`)
  return servers.map((address) => ({ address, port: 53 }))
}

function readProperty(property: Directive, options: Options): void {
  expectNoBlock(property)
  switch (property.name) {
    case 'except':
      if (property.args.length === 0) throw wrongArgs(property)
      options.except.push(...property.args.map(normalizeName))
      break
    case 'force_tcp':
      expectBare(property)
      options.forcesTcp = true
      break
    case 'max_fails':
      options.maxFails = intArg(property, onlyArg(property), 0, 1_000_000)
      break
    case 'max_concurrent':
      options.maxConcurrent = intArg(property, onlyArg(property), 0, 1_000_000)
      break
    case 'policy': {
      const policy = onlyArg(property)
      if (policy !== 'random' && policy !== 'round_robin' && policy !== 'sequential')
        throw property.error(`unknown policy '${policy}'`)
      options.policy = policy
      break
    }
    default:
      throw property.error(`property '${property.name}' is not emulated`)
  }
}
