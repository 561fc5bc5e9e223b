/** Text that is no base64, with Go's words. */
export class Base64Error extends Error {
  override name = 'Base64Error'
}

const canonical = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The canonical form of base64 text: line breaks taken out, unused bits of the last character cleared. */
export function normalizeBase64(text: string): string {
  const joined = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, '') : text
  if (!canonical.test(joined))
    throw new Base64Error(`illegal base64 data at input byte ${firstIllegalByte(text)}`)
  return joined.endsWith('=') ? Buffer.from(joined, 'base64').toString('base64') : joined
}

/**
 * Where Go's decoder stops: at the first character that cannot stand there, or at the end of a quantum cut
 * short.
 */
function firstIllegalByte(text: string): number {
  const bytes = Buffer.from(text)
  let inQuantum = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const char = String.fromCharCode(bytes[at]!)
    if (char === '\n' || char === '\r') continue
    if (char === '=') return paddingError(bytes, at, inQuantum)
    if (!/[A-Za-z0-9+/]/.test(char)) return at
    inQuantum = (inQuantum + 1) % 4
  }
  return bytes.length - inQuantum
}

function paddingError(bytes: Buffer, at: number, inQuantum: number): number {
  if (inQuantum < 2) return at
  let next = at + 1
  const skipBreaks = (): void => {
    while (bytes[next] === 0x0a || bytes[next] === 0x0d) next += 1
  }
  if (inQuantum === 2) {
    skipBreaks()
    if (next === bytes.length) return bytes.length
    if (bytes[next] !== 0x3d) return next
    next += 1
  }
  skipBreaks()
  return next
}
