import type { Query } from '../wire/message.ts'
import { expectBare } from '../corefile/arguments.ts'
import { longestZone } from '../wire/message.ts'
import type { Setup } from './plugin.ts'

/** How often the probe may be seen before it must be going around (CoreDNS: 2). */
const seenLimit = 2

/**
 * Finds out whether queries come back: asks this server for a random name once at the start. Where `forward` leads back
 * here, the same name arrives again, and the process ends with a message.
 */
export const loop: Setup = (directive, site, { random, fatal, logger }) => {
  expectBare(directive)
  const zone = site.zones[0] ?? ''
  const label = (): string => String(random.int(2 ** 31))
  const probe = [label(), label(), zone].filter((part) => part !== '').join('.')
  let seen = 0
  let isOver = false
  const question = { name: probe, key: probe, type: 'HINFO', class: 'IN' }
  return {
    handler: {
      name: 'loop',
      handle(query, next) {
        const { key, type } = query.question
        if (isOver || type !== 'HINFO' || longestZone([zone], key) === undefined) return next(query)
        if (key === probe && ++seen > seenLimit)
          fatal(
            `plugin/loop: Loop (${query.client} -> ${site.server}) detected for zone "${zone}."`,
          )
        return next(query)
      },
    },
    onServing() {
      // Without a forward nothing leads anywhere, and the probe would only be an error in the log.
      if (!site.directives.has('forward')) return
      const query: Query = {
        id: random.int(65_536),
        question,
        isRecursionDesired: true,
        isCheckingDisabled: false,
        edns: undefined,
        protocol: 'udp',
        client: '127.0.0.1',
        hops: 0,
      }
      Promise.resolve(site.lookup(query)).then(
        () => (isOver = true),
        (error: unknown) => logger.debug('plugin/loop: probe failed', { err: error as Error }),
      )
    },
  }
}
