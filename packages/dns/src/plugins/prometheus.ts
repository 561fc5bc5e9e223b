import { isIPv6 } from 'node:net'
import { addressArg, expectNoBlock, wrongArgs } from '../corefile/arguments.ts'
import { PluginError, settle } from '../handler.ts'
import { HttpPage } from '../serve/http-page.ts'
import { requestMetrics } from '../serve/request-metrics.ts'
import type { RequestMetrics } from '../serve/request-metrics.ts'
import { longestZone } from '../wire/message.ts'
import type { Query } from '../wire/message.ts'
import type { Setup, Site } from './plugin.ts'

const emulatedVersion = '1.14.2'

/** `/metrics` on localhost:9153 or the given address; counts the queries of its server block. */
export const prometheus: Setup = (directive, site, { place, metrics, clock }) => {
  expectNoBlock(directive)
  if (directive.args.length > 1) throw wrongArgs(directive)
  const at = addressArg(directive, directive.args[0] ?? 'localhost:9153')
  const counted = requestMetrics(metrics)
  announce(site, counted)
  const page = new HttpPage('/metrics', () => ({
    code: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    text: metrics.expose(),
  }))
  return {
    start: () => page.open(at, place),
    close: () => page.close(),
    handler: {
      name: 'prometheus',
      handle(query, next) {
        const zone = `${longestZone(site.zones, query.question.key) ?? ''}.`
        const startedAtMs = clock.monotonicMs()
        counted.requests.inc([
          site.server,
          zone,
          '',
          query.protocol,
          family(query),
          typeLabel(query),
        ])
        const answered = (rcode: string, plugin: string): void => {
          counted.responses.inc([site.server, zone, '', rcode, plugin])
          const seconds = (clock.monotonicMs() - startedAtMs) / 1000
          counted.duration.observe(seconds, [site.server, zone, ''])
        }
        return settle(
          () => next(query),
          (reply) => {
            answered(reply.rcode, reply.by ?? '')
            return reply
          },
          (error) => {
            if (!(error instanceof PluginError)) counted.panics.inc()
            answered('SERVFAIL', '')
            throw error
          },
        )
      },
    },
  }
}

/** What is running, for dashboards: the version that is emulated, and each block's plugins. */
function announce({ server, zones, directives }: Site, { build, enabled }: RequestMetrics): void {
  build.set(1, ['', '', emulatedVersion])
  for (const zone of zones)
    for (const name of directives) enabled.set(1, [server, `${zone}.`, '', name])
}

function family({ client }: Query): string {
  return isIPv6(client) && !client.startsWith('::ffff:') ? '2' : '1'
}

/** Types beyond these are counted as one, so that strangers cannot make up labels (CoreDNS: qTypeString). */
const countedTypes = new Set(
  'A AAAA MX SOA CNAME PTR TXT NS SRV DS DNSKEY RRSIG NSEC NSEC3 HTTPS IXFR AXFR ANY'.split(' '),
)

function typeLabel({ question }: Query): string {
  return countedTypes.has(question.type) ? question.type : 'other'
}
