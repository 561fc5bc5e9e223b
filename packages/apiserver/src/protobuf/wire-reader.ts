/** The bytes are no protobuf message. */
export class WireError extends Error {
  override name = 'WireError'
}

/** One field of a message as it stands on the wire. */
export interface WireField {
  readonly number: number
  /** A varint, or the bytes of everything else (strings, messages, fixed64). */
  readonly value: bigint | Buffer
}

const bigThreshold = 4

/**
 * The fields of a message in their order; unknown ones too. Groups, which Kubernetes never had, are
 * refused.
 */
export function* readFields(message: Buffer): Generator<WireField> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    let small = 0
    for (let i = 0; i < 10; i += 1) {
      const byte = message[at++]
      if (byte === undefined) throw new WireError('unexpected EOF')
      if (i < bigThreshold) small |= (byte & 0x7f) << (7 * i)
      else value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return value + BigInt(small)
    }
    throw new WireError('proto: integer overflow')
  }
  const take = (length: number): Buffer => {
    if (at + length > message.length) throw new WireError('unexpected EOF')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    if (number === 0) throw new WireError('proto: illegal tag 0')
    switch (tag & 7) {
      case 0:
        yield { number, value: varint() }
        break
      case 1:
        yield { number, value: take(8) }
        break
      case 2:
        yield { number, value: take(Number(varint())) }
        break
      case 5:
        yield { number, value: take(4) }
        break
      default:
        throw new WireError(`proto: illegal wireType ${tag & 7}`)
    }
  }
}

/** A varint as a signed 64-bit number. */
export function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value))
}
