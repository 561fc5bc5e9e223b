import type { Random } from '@kemu/base'
import { expectNoBlock } from '../corefile/arguments.ts'
import type { ResourceRecord } from '../wire/message.ts'
import type { Setup } from './plugin.ts'

/** Shuffles the addresses of every answer, so that clients that take the first one spread. */
export const loadbalance: Setup = (directive, _site, { random }) => {
  expectNoBlock(directive)
  const [policy = 'round_robin', extra] = directive.args
  if (policy !== 'round_robin') throw directive.error(`policy ${policy} is not emulated`)
  if (extra !== undefined) throw directive.error(`unknown property for ${policy}`)
  return {
    handler: {
      name: 'loadbalance',
      async handle(query, next) {
        const reply = await next(query)
        if (reply.rcode !== 'NOERROR') return reply
        return {
          ...reply,
          answers: shuffleAddresses(reply.answers, random),
          authorities: shuffleAddresses(reply.authorities, random),
          additionals: shuffleAddresses(reply.additionals, random),
        }
      },
    },
  }
}

/** CNAMEs first, then the rest, addresses in any order, mail exchangers in any order. */
function shuffleAddresses(
  records: readonly ResourceRecord[],
  random: Random,
): readonly ResourceRecord[] {
  if (records.length < 2) return records
  const of = (...types: string[]): ResourceRecord[] =>
    records.filter((record) => types.includes(record.type))
  const rest = records.filter((record) => !['CNAME', 'A', 'AAAA', 'MX'].includes(record.type))
  return [
    ...of('CNAME'),
    ...rest,
    ...shuffled(of('A', 'AAAA'), random),
    ...shuffled(of('MX'), random),
  ]
}

function shuffled<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.int(i + 1)
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}
