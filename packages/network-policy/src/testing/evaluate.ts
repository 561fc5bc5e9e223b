import { cidrContains, parseCidr, parseIp } from '@kemu/network/address'
import type { FilterTable } from '../table/filter-table.ts'

/** The first packet of a connection between two addresses. */
export interface Packet {
  readonly from: string
  readonly to: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
}

type Verdict = 'accept' | 'drop' | 'return' | undefined

/** What the kernel would do, for the words that the planner uses; throws at any other word. */
export function passes(table: FilterTable, packet: Packet): boolean {
  const hooks = [...table.chains].filter(([, { hook }]) => hook !== undefined)
  const order = hooks.sort(([, a], [, b]) => priority(a.hook!) - priority(b.hook!))
  return order.every(([name]) => run(table, name, packet) !== 'drop')
}

function priority(hook: string): number {
  return Number(/priority (-?\d+)/.exec(hook)![1])
}

function run(table: FilterTable, chain: string, packet: Packet): Verdict {
  for (const rule of table.chains.get(chain)!.rules) {
    const verdict = evaluate(table, rule.replace(/ comment ".*"$/, ''), packet)
    if (verdict === 'return') return undefined
    if (verdict !== undefined) return verdict
  }
  return undefined
}

const words: readonly (readonly [
  RegExp,
  (t: FilterTable, p: Packet, m: RegExpExecArray) => boolean,
])[] = [
  // The first packet is on the way out, and news of nothing.
  [/^ct (state related|direction reply)/, () => false],
  [
    /^ip daddr \. meta l4proto \. th dport @(\S+)/,
    (t, p, m) => has(t, m[1]!, `${p.to} . ${p.protocol} . ${p.port}`),
  ],
  [/^ip ([sd])addr @(\S+)/, (t, p, m) => has(t, m[2]!, end(p, m[1]!))],
  [/^ip ([sd])addr != @(\S+)/, (t, p, m) => !has(t, m[2]!, end(p, m[1]!))],
  [
    /^ip ([sd])addr != \{ ([^}]*) \}/,
    (_, p, m) => !m[2]!.split(', ').some((block) => isWithin(block, end(p, m[1]!))),
  ],
  [/^ip ([sd])addr (\d[\d./]*)/, (_, p, m) => isWithin(m[2]!, end(p, m[1]!))],
  [/^meta l4proto (\w+)/, (_, p, m) => p.protocol === m[1]],
  [
    /^th dport \{ ([^}]*) \}/,
    (_, p, m) =>
      m[1]!.split(', ').some((range) => {
        const [low, high = low] = range.split('-').map(Number) as [number, number?]
        return low <= p.port && p.port <= high
      }),
  ],
]

function evaluate(table: FilterTable, rule: string, packet: Packet): Verdict {
  let rest = rule
  for (;;) {
    const target = /^(accept|drop|return)$/.exec(rest)
    if (target) return target[1] as Verdict
    const jump = /^jump (\S+)$/.exec(rest)
    if (jump) return run(table, jump[1]!, packet)
    const lookup = /^ip ([sd])addr vmap @(\S+)$/.exec(rest)
    if (lookup) {
      const verdict = table.sets.get(lookup[2]!)!.elements.get(end(packet, lookup[1]!))
      return verdict === undefined ? undefined : run(table, verdict.replace('goto ', ''), packet)
    }
    const word = words
      .map(([pattern, test]) => ({ match: pattern.exec(rest), test }))
      .find((w) => w.match)
    if (!word) throw new Error(`not a rule of ours: ${rest}`)
    if (!word.test(table, packet, word.match!)) return undefined
    rest = rest.slice(word.match![0].length).trim()
  }
}

function has(table: FilterTable, set: string, key: string): boolean {
  return table.sets.get(set)!.elements.has(key)
}

function end(packet: Packet, side: string): string {
  return side === 's' ? packet.from : packet.to
}

function isWithin(block: string, address: string): boolean {
  const cidr = parseCidr(block.includes('/') ? block : `${block}/32`)!
  return cidrContains(cidr, parseIp(address)!)
}
