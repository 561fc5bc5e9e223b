import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { parseOptions } from '../options.ts'
import { printLine } from '../output.ts'
import { candidateNames } from '../stub-resolver.ts'
import type { AppletContext } from './applet.ts'

const recordTypes = ['a', 'aaaa', 'cname', 'mx', 'ns', 'ptr', 'soa', 'srv', 'txt'] as const
type RecordType = (typeof recordTypes)[number]

/** `nslookup [-type=TYPE] NAME [SERVER]` */
export async function nslookup(
  args: readonly string[],
  { resolver }: AppletContext,
): Promise<number> {
  const types = args
    .map((arg) => /^-(?:type|querytype|q|t)=(\w+)$/.exec(arg)?.[1]?.toLowerCase())
    .filter((type): type is RecordType => recordTypes.some((known) => known === type))
  const { words } = parseOptions(
    args.filter((arg) => !/^-(type|querytype|q|t)=/.test(arg)),
    { withValue: [], plain: [] },
  )
  const [name = '', server] = words
  const servers = server === undefined ? resolver.servers() : [await resolver.address(server)]
  const [first = ''] = servers
  const [host, port = '53'] = first.split(':')
  printLine(`Server:\t\t${host}\nAddress:\t${host}:${port}\n`)
  const dns = new Resolver({ timeout: 2000, tries: 2 })
  dns.setServers(servers)
  const wanted: readonly RecordType[] =
    types.length > 0 ? types : isIP(name) ? ['ptr'] : ['a', 'aaaa']
  const names = isIP(name) ? [name] : candidateNames(name, resolver.conf)
  for (const candidate of names) {
    const lines = (await Promise.all(wanted.map((type) => ask(dns, candidate, type)))).flat()
    if (lines.length === 0) continue
    for (const line of lines) printLine(line)
    printLine('')
    return 0
  }
  printLine(`** server can't find ${name}: NXDOMAIN\n`)
  return 1
}

async function ask(dns: Resolver, name: string, type: RecordType): Promise<string[]> {
  try {
    return await records(dns, name, type)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTFOUND' || code === 'ENODATA') return []
    if (code === 'ETIMEOUT' || code === 'ECONNREFUSED')
      throw new Error(';; connection timed out; no servers could be reached', { cause: error })
    throw error
  }
}

async function records(dns: Resolver, name: string, type: RecordType): Promise<string[]> {
  switch (type) {
    case 'a':
      return (await dns.resolve4(name)).map((address) => `Name:\t${name}\nAddress: ${address}`)
    case 'aaaa':
      return (await dns.resolve6(name)).map((address) => `Name:\t${name}\nAddress: ${address}`)
    case 'cname':
      return (await dns.resolveCname(name)).map((target) => `${name}\tcanonical name = ${target}`)
    case 'mx':
      return (await dns.resolveMx(name)).map(
        ({ priority, exchange }) => `${name}\tmail exchanger = ${priority} ${exchange}`,
      )
    case 'ns':
      return (await dns.resolveNs(name)).map((target) => `${name}\tnameserver = ${target}`)
    case 'ptr':
      return isIP(name)
        ? (await dns.reverse(name)).map((target) => `${arpaName(name)}\tname = ${target}`)
        : (await dns.resolvePtr(name)).map((target) => `${name}\tname = ${target}`)
    case 'soa': {
      const { nsname, hostmaster, serial } = await dns.resolveSoa(name)
      return [`${name}\n\torigin = ${nsname}\n\tmail addr = ${hostmaster}\n\tserial = ${serial}`]
    }
    case 'srv':
      return (await dns.resolveSrv(name)).map(
        ({ priority, weight, port, name: target }) =>
          `${name}\tservice = ${priority} ${weight} ${port} ${target}`,
      )
    case 'txt':
      return (await dns.resolveTxt(name)).map((parts) => `${name}\ttext = "${parts.join('')}"`)
  }
}

function arpaName(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`
}
