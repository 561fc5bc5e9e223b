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

/** What binary suffixes may come to: the largest int64 (resource.maxAllowed). */
const maxBinaryNanos = (2n ** 63n - 1n) * 1_000_000_000n

/** 10^9: quantities are kept exactly, in billionths (nano), the finest that upstream keeps. */
const nanosPerUnit = 1_000_000_000n

export class QuantityError extends Error {
  override name = 'QuantityError'
}

/**
 * * An exact amount of a resource: `100m`, `1.5`, `64Mi`, `1e3`. Smaller fractions than one nano are
 * rounded away from zero, as upstream does.
 */
export class Quantity {
  readonly nanos: bigint
  readonly format: Format

  constructor(nanos: bigint, format: Format = 'DecimalSI') {
    this.nanos = nanos
    this.format = format
  }

  static parse(text: string | number): Quantity {
    const { negative, whole, fraction, suffix } = splitQuantity(String(text))
    const { base, exponent, format } = readSuffix(suffix)
    const digits = BigInt(whole + fraction)
    const magnitude =
      base === 2
        ? scale((digits << BigInt(exponent)) * nanosPerUnit, -fraction.length)
        : scale(digits, 9 - fraction.length + exponent)
    const capped = format === 'BinarySI' && magnitude > maxBinaryNanos ? maxBinaryNanos : magnitude
    return new Quantity(negative ? -capped : capped, format)
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

/**
 * * The text that the server writes back for a quantity: usually its canonical form, but upstream keeps
 * some notations as they came (`1.500`, `+5`), and so objects keep them too. Throws a QuantityError.
 */
export function normalizeQuantity(text: string): string {
  const known = normalized.get(text)
  if (known !== undefined) return known
  const answer = keepsNotation(text) ? text : Quantity.parse(text).toString()
  // Few notations come again and again; a flood of different ones must not fill the memory.
  if (normalized.size >= 2000) normalized.clear()
  normalized.set(text, answer)
  return answer
}

const normalized = new Map<string, string>()

/** resource.ParseQuantity, the two cases that reuse the string. */
function keepsNotation(text: string): boolean {
  if (text === '0') return true
  const { whole, fraction, suffix } = splitQuantity(text)
  const { base, exponent, format } = readSuffix(suffix)
  const digits = whole + fraction
  if (base === 2) {
    const precision = 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1
    return fraction === '' && precision >= 0 && exponent % 10 === 0 && (Number(whole) & 7) !== 0
  }
  const power = exponent - fraction.length
  if (format === 'BinarySI' || digits.length > 18 || power < -9) return false
  return power % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

interface QuantityParts {
  readonly negative: boolean
  /** Digits before the point without leading zeros, `0` where there are none. */
  readonly whole: string
  readonly fraction: string
  readonly suffix: string
}

function splitQuantity(text: string): QuantityParts {
  const match = /^([+-]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(text)
  if (!match || text === '') {
    throw new QuantityError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )
  }
  const [, sign, whole = '', fraction = '', suffix = ''] = match
  return { negative: sign === '-', whole: whole || '0', fraction, suffix }
}

function readSuffix(suffix: string): { base: 2 | 10; exponent: number; format: Format } {
  const decimal = decimalExponents[suffix]
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' }
  const binary = binaryShifts[suffix]
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' }
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1]
  if (exponent === undefined || Math.abs(Number(exponent)) > 1000)
    throw new QuantityError("unable to parse quantity's suffix")
  return { base: 10, exponent: Number(exponent), format: 'DecimalExponent' }
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
  const maxPower = asExponent ? Infinity : decimalSuffixes.length - 1
  while (value % 1000n === 0n && power < maxPower) {
    value /= 1000n
    power += 1
  }
  const exponent = power * 3 - 9
  if (asExponent) return exponent === 0 ? String(value) : `${value}e${exponent}`
  return `${value}${decimalSuffixes[power]}`
}
