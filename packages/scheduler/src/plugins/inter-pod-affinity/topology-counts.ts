/** Numbers by topology key and domain: how many pods, or how much weight, a node's zone or host has. */
export class TopologyCounts {
  readonly #counts = new Map<string, Map<string, number>>()

  /** Nodes without the label are in no domain. */
  add(topologyKey: string, labels: Readonly<Record<string, string>>, by: number): void {
    const domain = labels[topologyKey]
    if (domain === undefined) return
    let domains = this.#counts.get(topologyKey)
    if (!domains) this.#counts.set(topologyKey, (domains = new Map()))
    const count = (domains.get(domain) ?? 0) + by
    if (count === 0) domains.delete(domain)
    else domains.set(domain, count)
    if (domains.size === 0) this.#counts.delete(topologyKey)
  }

  get(topologyKey: string, labels: Readonly<Record<string, string>>): number {
    const domain = labels[topologyKey]
    return domain === undefined ? 0 : (this.#counts.get(topologyKey)?.get(domain) ?? 0)
  }

  get empty(): boolean {
    return this.#counts.size === 0
  }

  /** The sum over all keys of the domains that the labels name. */
  sum(labels: Readonly<Record<string, string>>): number {
    let sum = 0
    for (const key of this.#counts.keys()) sum += this.get(key, labels)
    return sum
  }

  /** Whether one of the domains that the labels name has a positive number. */
  anyPositive(labels: Readonly<Record<string, string>>): boolean {
    for (const key of this.#counts.keys()) if (this.get(key, labels) > 0) return true
    return false
  }
}
