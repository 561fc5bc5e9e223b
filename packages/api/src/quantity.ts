/** Powers of the suffixes (apimachinery, resource.Quantity). */
const decimalExponents: Record<string, number> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const binaryShifts: Record<string, number> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const decimalSuffixes = Object.keys(decimalExponents)
const binarySuffixes = Object.keys(binaryShifts)

type Format = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** 10^9: quantities are kept exactly, in billionths (nano), the finest that upstream keeps. */
const nanosPerUnit = 1_000_000_000n

export class QuantityError extends Error {
  override name = 'QuantityError'
}

/**
 * An exact amount of a resource: `100m`, `1.5`, `64Mi`, `1e3`. Smaller fractions than one nano are rounded away from zero,
 * as upstream does.
 */
export class Quantity {
  readonly nanos: bigint
  readonly format: Format

  constructor(nanos: bigint, format: Format = 'DecimalSI') {
    this.nanos = nanos
    this.format = format
  }

  static parse(text: string | number): Quantity {
    const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/.exec(
      String(text),
    )
    const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match ?? []
    if (!match || whole + fraction === '') {
      throw new QuantityError(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      )
    }
    const digits = BigInt(whole + fraction)
    const magnitude =
      suffix in binaryShifts
        ? scale((digits << BigInt(binaryShifts[suffix]!)) * nanosPerUnit, -fraction.length)
        : scale(
            digits,
            9 -
              fraction.length +
              (exponent ? Number(exponent.slice(1)) : decimalExponents[suffix]!),
          )
    const format = suffix in binaryShifts ? 'BinarySI' : exponent ? 'DecimalExponent' : 'DecimalSI'
    return new Quantity(sign === '-' ? -magnitude : magnitude, format)
  }

  static ofMillis(millis: number): Quantity {
    return new Quantity(BigInt(Math.ceil(millis)) * 1_000_000n)
  }

  static ofUnits(units: number | bigint, format: Format = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(units) * nanosPerUnit, format)
  }

  add(other: Quantity): Quantity {
    return new Quantity(this.nanos + other.nanos, this.nanos === 0n ? other.format : this.format)
  }

  subtract(other: Quantity): Quantity {
    return new Quantity(this.nanos - other.nanos, this.nanos === 0n ? other.format : this.format)
  }

  compare(other: Quantity): -1 | 0 | 1 {
    return this.nanos < other.nanos ? -1 : this.nanos > other.nanos ? 1 : 0
  }

  /** Thousandths, rounded up: what schedulers count CPU in. */
  get millis(): number {
    return Number(divideUp(this.nanos, 1_000_000n))
  }

  /** Whole units, rounded up: bytes, pods. */
  get units(): number {
    return Number(divideUp(this.nanos, nanosPerUnit))
  }

  /** The canonical form: no fraction, the largest suffix that keeps it exact. */
  toString(): string {
    if (this.nanos === 0n) return '0'
    if (this.format === 'BinarySI' && this.nanos % nanosPerUnit === 0n) {
      const units = this.nanos / nanosPerUnit
      // Below 1024 upstream falls back to decimal suffixes.
      if (units >= 1024n || units <= -1024n) return formatBinary(units)
    }
    return formatDecimal(this.nanos, this.format === 'DecimalExponent')
  }
}

/** `digits * 10^power`, rounded away from zero. */
function scale(digits: bigint, power: number): bigint {
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power))
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by
  if (value % by === 0n) return quotient
  return value > 0n ? quotient + 1n : quotient - 1n
}

function formatBinary(units: bigint): string {
  let value = units
  let power = 0
  while (value % 1024n === 0n && power < binarySuffixes.length) {
    value /= 1024n
    power += 1
  }
  return `${value}${power === 0 ? '' : binarySuffixes[power - 1]}`
}

function formatDecimal(nanos: bigint, asExponent: boolean): string {
  let value = nanos
  let power = 0
  while (value % 1000n === 0n && power < decimalSuffixes.length - 1) {
    value /= 1000n
    power += 1
  }
  const exponent = power * 3 - 9
  if (asExponent) return exponent === 0 ? String(value) : `${value}e${exponent}`
  return `${value}${decimalSuffixes[power]}`
}
