import { Quantity } from '../quantity.ts'
import type { Quantities } from '../pod/resource-amounts.ts'

/** How much of each resource, by its name. */
export type Amounts = ReadonlyMap<string, Quantity>

export const one = Quantity.ofUnits(1)
const zero = Quantity.ofUnits(0)

export function readAmounts(list: Readonly<Record<string, string>> = {}): Amounts {
  return new Map(Object.entries(list).map(([name, text]) => [name, Quantity.parse(text)]))
}

export function writeAmounts(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, String(amount)]))
}

export function addAmounts(some: Amounts, more: Amounts): Amounts {
  const sum: Quantities = new Map(some)
  for (const [name, amount] of more) sum.set(name, sum.get(name)?.add(amount) ?? amount)
  return sum
}

/** What is more than before; nothing is less than zero. */
export function growth(now: Amounts, before: Amounts): Amounts {
  return new Map(
    [...now].map(([name, amount]) => {
      const grown = amount.subtract(before.get(name) ?? zero)
      return [name, grown.nanos > 0n ? grown : zero]
    }),
  )
}

export function onlyNamed(amounts: Amounts, names: Iterable<string>): Amounts {
  const wanted = new Set(names)
  return new Map([...amounts].filter(([name]) => wanted.has(name)))
}

export function withoutZeros(amounts: Amounts): Amounts {
  return new Map([...amounts].filter(([, amount]) => amount.nanos !== 0n))
}

export function sameAmounts(some: Amounts, other: Amounts): boolean {
  return (
    some.size === other.size &&
    [...some].every(([name, amount]) => other.get(name)?.compare(amount) === 0)
  )
}

/** `cpu=1,pods=2`: sorted, as refusals show them. */
export function describeAmounts(amounts: Amounts): string {
  return [...amounts]
    .map(([name, amount]) => `${name}=${amount.toString()}`)
    .toSorted()
    .join(',')
}
