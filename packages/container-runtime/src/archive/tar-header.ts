/** One member of a tar archive (POSIX.1-2017 pax, with GNU's long names). */
export interface TarHeader {
  /** As written in the archive; never trusted as a path of this machine. */
  readonly name: string
  readonly type:
    | 'file'
    | 'hardLink'
    | 'symlink'
    | 'charDevice'
    | 'blockDevice'
    | 'directory'
    | 'fifo'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeMs: number
  /** Target of a link. */
  readonly linkName: string
  readonly deviceMajor: number
  readonly deviceMinor: number
}

export const blockBytes = 512

/** What a header block says before extensions are applied. */
export interface RawHeader extends Omit<TarHeader, 'type'> {
  readonly typeFlag: string
}

export class TarError extends Error {
  override name = 'TarError'
}

/** Undefined for a block of zeros, which ends an archive. */
export function parseHeader(block: Buffer): RawHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  if (readNumber(block, 148, 8) !== checksum(block))
    throw new TarError('no tar archive: the checksum of a header is wrong')
  const text = (from: number, length: number): string => readText(block, from, length)
  const isUstar = text(257, 5) === 'ustar'
  const prefix = isUstar && block[262] === 0 ? text(345, 155) : ''
  return {
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    typeFlag: String.fromCharCode(block[156]!),
    mode: readNumber(block, 100, 8),
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    size: readNumber(block, 124, 12),
    mtimeMs: readNumber(block, 136, 12) * 1000,
    linkName: text(157, 100),
    deviceMajor: isUstar ? readNumber(block, 329, 8) : 0,
    deviceMinor: isUstar ? readNumber(block, 337, 8) : 0,
  }
}

/** Undefined for kinds that carry no file of their own and are passed over. */
export function typeOf(flag: string): TarHeader['type'] | undefined {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
      return 'file'
    case '1':
      return 'hardLink'
    case '2':
      return 'symlink'
    case '3':
      return 'charDevice'
    case '4':
      return 'blockDevice'
    case '5':
      return 'directory'
    case '6':
      return 'fifo'
    default:
      return undefined
  }
}

/** Records of a pax header: `LENGTH KEY=VALUE\n`. */
export function parsePax(data: Buffer): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at)
    const length = Number(data.toString('latin1', at, space))
    if (space < 0 || !Number.isInteger(length) || length <= 0 || at + length > data.length)
      throw new TarError('no tar archive: a pax header is damaged')
    const record = data.toString('utf8', space + 1, at + length - 1)
    const equals = record.indexOf('=')
    records.set(record.slice(0, equals), record.slice(equals + 1))
    at += length
  }
  return records
}

/** A header with what extensions before it said. */
export function applyPax(
  { typeFlag, ...raw }: RawHeader,
  pax: ReadonlyMap<string, string>,
): RawHeader {
  const number = (key: string, value: number): number => Number(pax.get(key) ?? value)
  const mtime = pax.get('mtime')
  return {
    ...raw,
    typeFlag,
    name: pax.get('path') ?? raw.name,
    linkName: pax.get('linkpath') ?? raw.linkName,
    size: number('size', raw.size),
    uid: number('uid', raw.uid),
    gid: number('gid', raw.gid),
    mtimeMs: mtime === undefined ? raw.mtimeMs : Number(mtime) * 1000,
  }
}

/** The header block of a member whose name fits; see tar-writer.ts for those that do not. */
export function formatHeader(
  header: Pick<RawHeader, 'name' | 'typeFlag' | 'mode' | 'size'>,
): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  }
  block.write(header.name, 0, 100, 'utf8')
  octal(header.mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(header.size, 124, 12)
  octal(0, 136, 12)
  block.write(header.typeFlag, 156, 'latin1')
  block.write('ustar\u000000', 257, 'latin1')
  octal(checksum(block), 148, 7)
  block[155] = 0x20
  return block
}

/** The sum of all bytes, those of the checksum field taken as blanks. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += block[i]!
  return sum
}

function readText(block: Buffer, from: number, length: number): string {
  const field = block.subarray(from, from + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

/** Octal digits, or GNU's base-256 for what does not fit. */
function readNumber(block: Buffer, from: number, length: number): number {
  if ((block[from]! & 0x80) !== 0) {
    const bytes = Buffer.from(block.subarray(from, from + length))
    bytes[0]! &= 0x7f
    return Number(BigInt(`0x${bytes.toString('hex')}`))
  }
  return Number.parseInt(readText(block, from, length).trim() || '0', 8)
}
