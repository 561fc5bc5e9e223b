import { isAffinitySet, isServiceChain } from './chain-names.ts'
import type { RunNft } from '@kemu/network/nft'
import type { TableContent } from './rule-table.ts'
import { elementContainers } from './service-rules.ts'
import type { ElementContainer } from './service-rules.ts'

interface Named {
  readonly family: string
  readonly table: string
  readonly name: string
}

type ListedValue = string | number | { readonly concat: readonly ListedValue[] }
type ListedKey = ListedValue | { readonly elem: { readonly val: ListedValue } }
type ListedVerdict = { readonly goto?: { readonly target: string }; readonly drop?: null }

interface Listed {
  readonly chain?: Named
  readonly set?: Named & { readonly timeout?: number; readonly elem?: readonly ListedKey[] }
  readonly map?: Named & { readonly elem?: readonly (readonly [ListedKey, ListedVerdict])[] }
}

/** What an earlier life of kube-proxy left in the table; undefined where there is no table. */
export async function readTable(run: RunNft): Promise<TableContent | undefined> {
  const chains = (await list(run, ['chains', 'ip'])).flatMap(({ chain }) =>
    isOurs(chain) ? [chain] : [],
  )
  if (chains.length === 0) return undefined
  const sets = await list(run, ['-t', 'sets', 'ip'])
  const elements = new Map<ElementContainer, ReadonlyMap<string, string>>()
  await Promise.all(
    Object.entries(elementContainers).map(async ([name, kind]) => {
      elements.set(name as ElementContainer, await readElements(run, kind, name))
    }),
  )
  return {
    chains: new Map(
      chains.filter(({ name }) => isServiceChain(name)).map(({ name }) => [name, undefined]),
    ),
    affinitySets: new Map(
      sets.flatMap(({ set }) =>
        isOurs(set) && isAffinitySet(set.name) ? [[set.name, set.timeout ?? 0]] : [],
      ),
    ),
    elements,
  }
}

async function readElements(
  run: RunNft,
  kind: 'map' | 'set',
  name: string,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  let listed: Listed[]
  try {
    listed = await list(run, [kind, 'ip', 'kube-proxy', name])
  } catch (error) {
    // Another version's table, without this one.
    if (String(error).includes('No such file or directory')) return found
    throw error
  }
  for (const { set, map } of listed) {
    for (const key of set?.elem ?? []) found.set(keyText(key), '')
    for (const [key, verdict] of map?.elem ?? []) found.set(keyText(key), verdictText(verdict))
  }
  return found
}

async function list(run: RunNft, what: readonly string[]): Promise<Listed[]> {
  const options = what[0] === '-t' ? ['-t'] : []
  const words = what[0] === '-t' ? what.slice(1) : what
  const text = await run(['-j', '-n', ...options, 'list', ...words])
  return (JSON.parse(text) as { readonly nftables: Listed[] }).nftables
}

function isOurs<Item extends Named>(item: Item | undefined): item is Item {
  return item?.family === 'ip' && item.table === 'kube-proxy'
}

/** Protocols are listed by number (-n): `/etc/protocols` may name them otherwise, or not be there. */
const protocols: Readonly<Record<string, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

function keyText(key: ListedKey): string {
  if (typeof key === 'object' && 'elem' in key) return keyText(key.elem.val)
  if (typeof key !== 'object') return String(key)
  return key.concat
    .map((part, i) => (i === key.concat.length - 2 ? protocolName(keyText(part)) : keyText(part)))
    .join(' . ')
}

function protocolName(text: string): string {
  return protocols[text] ?? text
}

function verdictText(verdict: ListedVerdict): string {
  return verdict.goto ? `goto ${verdict.goto.target}` : 'drop'
}
