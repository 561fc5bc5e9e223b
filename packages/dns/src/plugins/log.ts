import { expectNoBlock, zoneArgs } from '../corefile/arguments.ts'
import { afterReply } from '../handler.ts'
import { longestZone } from '../wire/message.ts'
import type { Setup } from './plugin.ts'

/** Logs every query and what became of it. */
export const log: Setup = (directive, site, { logger, clock }) => {
  expectNoBlock(directive)
  const zones = zoneArgs(directive.args, site.zones)
  return {
    handler: {
      name: 'log',
      handle(query, next) {
        const { name, key, type, class: klass } = query.question
        if (longestZone(zones, key) === undefined) return next(query)
        const startedAtMs = clock.monotonicMs()
        return afterReply(next(query), (reply) => {
          logger.info('Query', {
            client: query.client,
            id: query.id,
            type,
            class: klass,
            name: `${name}.`,
            proto: query.protocol,
            rcode: reply.rcode,
            durationMs: clock.monotonicMs() - startedAtMs,
          })
          return reply
        })
      },
    },
  }
}
