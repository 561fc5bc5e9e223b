import * as zlib from 'node:zlib'

type Crc32 = (data: Uint8Array, previous: number) => number

/** CRC-32 (IEEE), continuing `previous`. Node has it from 20.15 and 22.2 on; older ones get the table. */
export const crc32: Crc32 =
  (zlib as { crc32?: Crc32 }).crc32 ?? ((data, previous) => tableCrc32(data, previous))

let table: Uint32Array | undefined

export function tableCrc32(data: Uint8Array, previous: number): number {
  table ??= makeTable()
  let crc = ~previous
  for (const byte of data) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, n) => {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1
    return crc
  })
}
