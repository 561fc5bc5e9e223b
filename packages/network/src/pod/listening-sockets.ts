import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

export interface ListeningSocket {
  /** `0.0.0.0`, `127.0.0.5`, `::` and so on. */
  readonly address: string
  readonly port: number
  readonly inode: string
}

/** Parses /proc/net/tcp or tcp6 (proc(5)): the sockets in state LISTEN. */
export function parseListeningSockets(text: string): ListeningSocket[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map((fields) => {
      const [hex = '', port = '0'] = (fields[1] ?? '').split(':')
      return {
        address: parseProcAddress(hex),
        port: Number.parseInt(port, 16),
        inode: fields[9] ?? '',
      }
    })
}

/** The kernel prints an address as words in host byte order (little-endian on every machine that Node runs on). */
function parseProcAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  for (let word = 0; word + 4 <= bytes.length; word += 4) bytes.subarray(word, word + 4).reverse()
  if (bytes.length === 4) return [...bytes].join('.')
  if (bytes.every((byte) => byte === 0)) return '::'
  const mapped = bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff'
  if (mapped) return [...bytes.subarray(12)].join('.')
  return bytes.toString('hex').replaceAll(/(.{4})(?=.)/g, '$1:')
}

/** All listening TCP sockets of this network namespace that take connections on every address. */
export function readWildcardListeners(): ListeningSocket[] {
  const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'].map((path) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return '' // a kernel without IPv6 has no tcp6
    }
  })
  return tables
    .flatMap(parseListeningSockets)
    .filter(({ address }) => address === '0.0.0.0' || address === '::')
}

/** The first of these sockets that one of the processes holds. */
export function findHeldSocket(
  sockets: readonly ListeningSocket[],
  pids: readonly number[],
): ListeningSocket | undefined {
  const byInode = new Map(sockets.map((socket) => [`socket:[${socket.inode}]`, socket]))
  for (const pid of pids) {
    for (const link of descriptorLinks(pid)) {
      const socket = byInode.get(link)
      if (socket) return socket
    }
  }
  return undefined
}

function descriptorLinks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return '' // closed meanwhile
      }
    })
  } catch {
    return [] // the process is gone
  }
}
