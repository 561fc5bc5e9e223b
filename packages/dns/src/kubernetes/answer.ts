import { parseIp } from '@kemu/network/address'
import { askInstead, isWithin, longestZone, normalizeName, reply } from '../wire/message.ts'
import type { Query, Reply, ResourceRecord } from '../wire/message.ts'
import type { AnswerOptions } from './answer-options.ts'
import type { ClusterView } from './cluster-view.ts'
import { find } from './found.ts'
import type { Found } from './found.ts'
import { nameServers, within } from './name-servers.ts'
import { parseRecordName } from './record-name.ts'
import { reverseAddress, reverseDomains } from './reverse.ts'

/** Asks the whole server again: where a CNAME leads out of the zone. */
export type Lookup = (query: Query) => Reply | Promise<Reply>

type Answer = Reply | 'name error'
type Records = readonly ResourceRecord[] | undefined

/** The version of the Kubernetes DNS specification. */
const schemaVersion = '1.1.0'
const schemaTtlSeconds = 28_800
const maxCnameChainLength = 10

/**
 * Answers one query from the cluster's objects; 'name error' where the name does not exist. A promise only where an
 * ExternalName leads elsewhere.
 */
export class Answerer {
  readonly #view: ClusterView
  readonly #options: AnswerOptions
  readonly #lookup: Lookup

  constructor(view: ClusterView, options: AnswerOptions, lookup: Lookup) {
    this.#view = view
    this.#options = options
    this.#lookup = lookup
  }

  answer(query: Query, zone: string): Answer | Promise<Answer> {
    const { key, type } = query.question
    switch (type) {
      case 'A':
      case 'AAAA': {
        const records = this.#addresses(query, zone, [])
        return records instanceof Promise
          ? records.then((all) => this.#reply(zone, all))
          : this.#reply(zone, records)
      }
      case 'CNAME':
        return this.#reply(zone, this.#cname(query, zone))
      case 'SRV':
        return this.#srv(query, zone)
      case 'PTR':
        return this.#reply(zone, this.#ptr(query, zone))
      case 'TXT':
        return this.#reply(zone, this.#txt(query, zone))
      case 'SOA':
        return this.#reply(zone, key === zone ? [this.soa(zone)] : [])
      case 'NS':
        return key === zone ? this.#ns(query, zone) : this.#existence(query, zone)
      case 'AXFR':
      case 'IXFR':
        return reply('REFUSED')
      default:
        return this.#existence(query, zone)
    }
  }

  /** The reply to a name that does not exist, or to any while nothing is known yet. */
  nameError(zone: string): Reply {
    const rcode = this.#view.hasSynced ? 'NXDOMAIN' : 'SERVFAIL'
    return reply(rcode, { isAuthoritative: true, authorities: [this.soa(zone)] })
  }

  soa(zone: string): ResourceRecord {
    const { ttlSeconds } = this.#options
    return {
      name: zone,
      type: 'SOA',
      // 300 s: the most that CoreDNS lets the record itself live.
      ttl: Math.min(ttlSeconds, 300),
      data: {
        mname: within('ns.dns', zone),
        rname: within('hostmaster', zone),
        serial: this.#view.serial,
        refresh: 7200,
        retry: 1800,
        expire: 86_400,
        minimum: ttlSeconds,
      },
    }
  }

  #reply(zone: string, answers: Records, additionals: readonly ResourceRecord[] = []): Answer {
    if (answers === undefined) return 'name error'
    const authorities = answers.length === 0 ? [this.soa(zone)] : []
    return reply('NOERROR', { isAuthoritative: true, answers, authorities, additionals })
  }

  /** Tells "no such record" from "no such name" for types that nothing here has. */
  #existence(query: Query, zone: string): Answer {
    return this.#reply(zone, this.#find(query, zone) && [])
  }

  #find({ question }: Query, zone: string): Found {
    const { key, type } = question
    // CoreDNS knows its own name whatever is asked of it, except through these two.
    if (key === within('ns.dns', zone) && type !== 'TXT' && type !== 'PTR') return []
    const found = find(parseRecordName(baseOf(key, zone)), this.#view, this.#options)
    // Below a reverse zone there are only reverse names.
    return isReverse(zone) && key !== zone ? undefined : found
  }

  #addresses(
    query: Query,
    zone: string,
    previous: readonly ResourceRecord[],
  ): Records | Promise<Records> {
    const { name, key, type } = query.question
    if (key === within('ns.dns', zone)) return this.#nameServerAddresses(query)
    const found = this.#find(query, zone)
    const external = found?.find(({ host }) => !parseIp(host))
    if (external) return this.#follow(query, zone, external.host, previous)
    const hosts = found && [...new Set(found.map(({ host }) => host))]
    return hosts
      ?.map((host) => addressRecord(name, host, this.#options.ttlSeconds))
      .filter((record) => record.type === type)
  }

  /** An ExternalName: its CNAME, and what that leads to, inside the zone or through the server. */
  async #follow(
    query: Query,
    zone: string,
    host: string,
    previous: readonly ResourceRecord[],
  ): Promise<readonly ResourceRecord[]> {
    const { name, key } = query.question
    const target = normalizeName(host)
    const isLoop = target === key || previous.some((record) => record.data === target)
    if (isLoop || previous.length > maxCnameChainLength) return []
    const cname: ResourceRecord = {
      name,
      type: 'CNAME',
      ttl: this.#options.ttlSeconds,
      data: target,
    }
    const next = askInstead(query, target)
    if (!isWithin(zone, target)) return [cname, ...(await this.#lookup(next)).answers]
    const rest = await this.#addresses(next, zone, [...previous, cname])
    return rest && rest.length > 0 ? [cname, ...rest] : []
  }

  #cname(query: Query, zone: string): Records {
    const found = this.#find(query, zone)
    if (!found) return undefined
    const host = found[0]?.host
    if (host === undefined || parseIp(host)) return []
    const ttl = this.#options.ttlSeconds
    return [{ name: query.question.name, type: 'CNAME', ttl, data: normalizeName(host) }]
  }

  #srv(query: Query, zone: string): Answer {
    const found = this.#find(query, zone)
    if (!found) return 'name error'
    const ttl = this.#options.ttlSeconds
    const targets = found.filter(({ host }) => parseIp(host))
    // Equal shares of 100, at least 1, counted before duplicates are dropped (CoreDNS).
    const weight = Math.max(1, Math.floor(100 / Math.max(1, targets.length)))
    const answers = new Map<string, ResourceRecord>()
    const additionals = new Map<string, ResourceRecord>()
    for (const { host, port, domain } of targets.filter((target) => target.port !== -1)) {
      const name = within(domain, zone)
      const data = { priority: 0, weight, port, target: name }
      answers.set(`${name} ${port}`, { name: query.question.name, type: 'SRV', ttl, data })
      additionals.set(`${name} ${host}`, addressRecord(name, host, ttl))
    }
    return this.#reply(zone, [...answers.values()], [...additionals.values()])
  }

  #ptr(query: Query, zone: string): Records {
    const { name, key } = query.question
    const address = reverseAddress(key)
    if (address === undefined) return this.#find(query, zone) && []
    const { primaryZone, ttlSeconds: ttl } = this.#options
    const domains = reverseDomains(address, this.#view, this.#options)
    if (domains.length === 0) return undefined
    return domains.map((domain) => ({ name, type: 'PTR', ttl, data: within(domain, primaryZone) }))
  }

  #txt(query: Query, zone: string): Records {
    const { name, key } = query.question
    if (baseOf(key, zone) === 'dns-version')
      return [{ name, type: 'TXT', ttl: schemaTtlSeconds, data: [schemaVersion] }]
    const found = this.#find(query, zone)
    return found && found.length > 0 ? [] : undefined
  }

  #ns(query: Query, zone: string): Answer {
    const ttl = this.#options.ttlSeconds
    const servers = nameServers(this.#view, this.#options, zone)
    const names = [...new Set(servers.map((server) => server.name))]
    const answers = names.map((data): ResourceRecord => ({
      name: query.question.name,
      type: 'NS',
      ttl,
      data,
    }))
    return this.#reply(
      zone,
      answers,
      servers.map(({ name, address }) => addressRecord(name, address, ttl)),
    )
  }

  #nameServerAddresses({ question }: Query): ResourceRecord[] {
    const { name, type, key } = question
    const zone = longestZone(this.#options.zones, key) ?? ''
    const ttl = this.#options.ttlSeconds
    return nameServers(this.#view, this.#options, zone)
      .map(({ address }) => addressRecord(name, address, ttl))
      .filter((record) => record.type === type)
  }
}

function baseOf(name: string, zone: string): string {
  return name === zone ? '' : name.slice(0, name.length - (zone === '' ? 0 : zone.length + 1))
}

function isReverse(zone: string): boolean {
  return zone.endsWith('in-addr.arpa') || zone.endsWith('ip6.arpa')
}

function addressRecord(name: string, address: string, ttl: number): ResourceRecord {
  return { name, type: parseIp(address)?.family === 6 ? 'AAAA' : 'A', ttl, data: address }
}
