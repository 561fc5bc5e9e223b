import type { FindOptions } from './found.ts'

export interface AnswerOptions extends FindOptions {
  readonly zones: readonly string[]
  /** The first zone that is not a reverse one: names in PTR records end with it. */
  readonly primaryZone: string
  readonly ttlSeconds: number
  /** This server's own addresses: the services in front of them are the zone's name servers. */
  readonly ownAddresses: readonly string[]
}
