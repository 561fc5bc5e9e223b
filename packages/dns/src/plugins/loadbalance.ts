import type { Random } from '@kemu/base'
import { expectNoBlock } from '../corefile/arguments.ts'
import { afterReply } from '../handler.ts'
import type { Reply, ResourceRecord } from '../wire/message.ts'
import type { Setup } from './plugin.ts'

/** Shuffles the addresses of every answer, so that clients that take the first one spread. */
export const loadbalance: Setup = (directive, _site, { random }) => {
  expectNoBlock(directive)
  const [policy = 'round_robin', extra] = directive.args
  if (policy !== 'round_robin') throw directive.error(`policy ${policy} is not emulated`)
  if (extra !== undefined) throw directive.error(`unknown property for ${policy}`)
  const shuffle = (reply: Reply): Reply => {
    const { rcode, answers, authorities, additionals } = reply
    const hasChoice = [answers, authorities, additionals].some(({ length }) => length > 1)
    if (rcode !== 'NOERROR' || !hasChoice) return reply
    return {
      ...reply,
      answers: shuffleAddresses(answers, random),
      authorities: shuffleAddresses(authorities, random),
      additionals: shuffleAddresses(additionals, random),
    }
  }
  return {
    handler: {
      name: 'loadbalance',
      handle: (query, next) => afterReply(next(query), shuffle),
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
