import { normalizeName } from '../wire/message.ts'

export interface ServerKey {
  /** Without the last dot; '' is the root. */
  readonly zone: string
  readonly port: number
}

/** What a server block is for: `[dns://]zone[:port]`. Throws a plain Error for what is not emulated. */
export function parseServerKey(text: string, defaultPort: number): ServerKey {
  const match = /^(?:([a-z0-9]+):\/\/)?([^:]*)(?::(\d+))?$/i.exec(text)
  if (!match) throw new Error(`not a server key: ${text}`)
  const [, scheme = 'dns', zone = '', port] = match
  if (scheme !== 'dns') throw new Error(`${scheme}:// is not emulated: only dns://`)
  if (zone.includes('/')) throw new Error(`reverse zones as CIDR are not emulated: ${zone}`)
  const number = port === undefined ? defaultPort : Number(port)
  if (number > 65_535) throw new Error(`not a port: ${number}`)
  return { zone: normalizeName(zone), port: number }
}
