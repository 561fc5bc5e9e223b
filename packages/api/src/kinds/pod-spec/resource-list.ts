import { Quantity, QuantityError } from '../../quantity.ts'

type ResourceList = { [name: string]: string } | undefined

const nanosPerMilli = 1_000_000n

/** Amounts finer than a thousandth are rounded up (SetDefaults_ResourceList). */
export function roundUpToMillis(list: ResourceList): void {
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parse(text)
    if (!quantity || quantity.nanos % nanosPerMilli === 0n) continue
    const millis = quantity.nanos / nanosPerMilli + (quantity.nanos > 0n ? 1n : 0n)
    list![name] = new Quantity(millis * nanosPerMilli, quantity.format).toString()
  }
}

/** Undefined for what is no quantity: decoding has refused that already, wherever a client sends it. */
function parse(text: string): Quantity | undefined {
  try {
    return Quantity.parse(text)
  } catch (error) {
    if (error instanceof QuantityError) return undefined
    throw error
  }
}
