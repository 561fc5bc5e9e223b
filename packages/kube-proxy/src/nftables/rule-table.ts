import { table } from './base-rules.ts'
import { elementContainers } from './service-rules.ts'
import type { Element, ElementContainer, ServiceRules } from './service-rules.ts'

/** What the kernel has of the services' part of the table. */
export interface TableContent {
  /** Chains with their rules; undefined where nobody knows them (another life of kube-proxy wrote them). */
  readonly chains: ReadonlyMap<string, readonly string[] | undefined>
  /** Time-out in seconds by set. */
  readonly affinitySets: ReadonlyMap<string, number>
  /** Verdict by container and key. */
  readonly elements: ReadonlyMap<ElementContainer, ReadonlyMap<string, string>>
}

const emptyContent: TableContent = {
  chains: new Map(),
  affinitySets: new Map(),
  elements: new Map(),
}

/** One step from what is there to what is wanted. */
export interface TableChange {
  /** Lines of one transaction; none where nothing is to be done. */
  readonly lines: readonly string[]
  /** Chains that this step empties and that must be deleted later. */
  readonly staleChains: readonly string[]
  /** Takes the step: to be called when the kernel has. */
  commit(): void
}

/**
 * What is wanted, service by service, against what the kernel has: pure, no kernel in it. Elements may be wanted by
 * several services (an endpoint behind two of them, an external address that two ask for); the first that asked has its
 * way.
 */
export class RuleTable {
  readonly #chains: Map<string, readonly string[] | undefined>
  readonly #affinitySets: Map<string, number>
  readonly #elements = new Map<ElementContainer, Map<string, string>>()
  readonly #wanted = new Map<string, ServiceRules>()
  readonly #claims = new Map<string, { readonly service: string; readonly element: Element }[]>()

  constructor(content: TableContent = emptyContent) {
    this.#chains = new Map(content.chains)
    this.#affinitySets = new Map(content.affinitySets)
    for (const name of Object.keys(elementContainers) as ElementContainer[])
      this.#elements.set(name, new Map(content.elements.get(name)))
  }

  /** The step that puts these services' rules in place of what they had; undefined rules: the service is gone. */
  change(services: ReadonlyMap<string, ServiceRules | undefined>): TableChange {
    const touched = new Set<string>()
    const chains = new Map<string, readonly string[] | undefined>()
    const sets = new Map<string, number | undefined>()
    for (const [service, rules] of services) {
      const before = this.#wanted.get(service)
      for (const name of before?.chains.keys() ?? []) chains.set(name, undefined)
      for (const name of before?.affinitySets.keys() ?? []) sets.set(name, undefined)
      for (const [name, text] of rules?.chains ?? []) chains.set(name, text)
      for (const [name, timeout] of rules?.affinitySets ?? []) sets.set(name, timeout)
      this.#claim(service, before, rules, touched)
    }
    return this.#step(chains, sets, touched)
  }

  /** The step that removes what no service wants: what an earlier life left. */
  sweep(): TableChange {
    const chains = new Set<string>()
    const sets = new Set<string>()
    for (const rules of this.#wanted.values()) {
      for (const name of rules.chains.keys()) chains.add(name)
      for (const name of rules.affinitySets.keys()) sets.add(name)
    }
    const touched = new Set<string>()
    for (const [container, elements] of this.#elements)
      for (const key of elements.keys()) touched.add(`${container} ${key}`)
    const unwanted = <Value>(all: ReadonlyMap<string, Value>, wanted: Set<string>) =>
      new Map([...all.keys()].filter((name) => !wanted.has(name)).map((name) => [name, undefined]))
    return this.#step(unwanted(this.#chains, chains), unwanted(this.#affinitySets, sets), touched)
  }

  /** Whether somebody wants it: a chain that waits for its deletion may be back. */
  hasChain(name: string): boolean {
    return this.#chains.has(name)
  }

  #claim(
    service: string,
    before: ServiceRules | undefined,
    now: ServiceRules | undefined,
    touched: Set<string>,
  ): void {
    const wanted = new Map((now?.elements ?? []).map((element) => [elementId(element), element]))
    for (const old of before?.elements ?? []) {
      const id = elementId(old)
      touched.add(id)
      if (wanted.has(id)) continue
      const left = (this.#claims.get(id) ?? []).filter((claim) => claim.service !== service)
      if (left.length > 0) this.#claims.set(id, left)
      else this.#claims.delete(id)
    }
    for (const [id, element] of wanted) {
      touched.add(id)
      const queue = this.#claims.get(id) ?? []
      const place = queue.findIndex((claim) => claim.service === service)
      this.#claims.set(
        id,
        queue.toSpliced(place < 0 ? queue.length : place, 1, { service, element }),
      )
    }
    if (now) this.#wanted.set(service, now)
    else this.#wanted.delete(service)
  }

  #step(
    chains: ReadonlyMap<string, readonly string[] | undefined>,
    sets: ReadonlyMap<string, number | undefined>,
    touched: ReadonlySet<string>,
  ): TableChange {
    const written = [...chains].filter(
      ([name, rules]) => rules !== undefined && !isSame(this.#chains.get(name), rules),
    )
    const staleChains = [...chains]
      .filter(([name, rules]) => rules === undefined && this.#chains.has(name))
      .map(([name]) => name)
    const dropped = [...sets].filter(([name, timeout]) => {
      const there = this.#affinitySets.get(name)
      return there !== undefined && there !== timeout
    })
    const added = [...sets].filter(
      ([name, timeout]) => timeout !== undefined && this.#affinitySets.get(name) !== timeout,
    )
    const elements = this.#elementSteps(touched)
    // Chains are emptied before the sets that they name go, and filled after the sets are there.
    const lines = [
      ...written.flatMap(([name]) => [
        `add chain ${table} ${name}`,
        `flush chain ${table} ${name}`,
      ]),
      ...staleChains.map((name) => `flush chain ${table} ${name}`),
      ...dropped.map(([name]) => `delete set ${table} ${name}`),
      ...added.map(
        ([name, timeout]) =>
          `add set ${table} ${name} { type ipv4_addr ; flags dynamic,timeout ; timeout ${timeout}s ; }`,
      ),
      ...written.flatMap(([name, rules]) =>
        rules!.map((rule) => `add rule ${table} ${name} ${rule}`),
      ),
      ...elements.lines,
    ]
    const commit = (): void => {
      for (const [name, rules] of written) this.#chains.set(name, rules)
      for (const name of staleChains) this.#chains.delete(name)
      for (const [name] of dropped) this.#affinitySets.delete(name)
      for (const [name, timeout] of added) this.#affinitySets.set(name, timeout!)
      elements.commit()
    }
    return { lines, staleChains, commit }
  }

  #elementSteps(touched: ReadonlySet<string>): { lines: string[]; commit(): void } {
    const removed = new Map<ElementContainer, string[]>()
    const added = new Map<ElementContainer, Element[]>()
    for (const id of touched) {
      const at = id.indexOf(' ')
      const container = id.slice(0, at) as ElementContainer
      const key = id.slice(at + 1)
      const there = this.#elements.get(container)!.get(key)
      const wanted = this.#claims.get(id)?.[0]?.element
      if (there === wanted?.verdict) continue
      if (there !== undefined) listIn(removed, container).push(key)
      if (wanted) listIn(added, container).push(wanted)
    }
    const lines = [
      ...[...removed].map(
        ([name, keys]) => `delete element ${table} ${name} { ${keys.join(', ')} }`,
      ),
      ...[...added].map(
        ([name, list]) => `add element ${table} ${name} { ${list.map(elementText).join(', ')} }`,
      ),
    ]
    const commit = (): void => {
      for (const [name, keys] of removed)
        for (const key of keys) this.#elements.get(name)!.delete(key)
      for (const [name, list] of added)
        for (const { key, verdict } of list) this.#elements.get(name)!.set(key, verdict)
    }
    return { lines, commit }
  }
}

function elementId({ container, key }: Element): string {
  return `${container} ${key}`
}

function elementText({ key, verdict, comment }: Element): string {
  const said = comment === undefined ? '' : ` comment "${comment}"`
  return verdict === '' ? `${key}${said}` : `${key}${said} : ${verdict}`
}

function isSame(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return (
    a !== undefined && b !== undefined && a.length === b.length && a.every((x, i) => x === b[i])
  )
}

function listIn<Item>(lists: Map<ElementContainer, Item[]>, name: ElementContainer): Item[] {
  let list = lists.get(name)
  if (!list) lists.set(name, (list = []))
  return list
}
