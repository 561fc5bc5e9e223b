import { writeFileSync } from 'node:fs'
import { connect as openConnection } from 'node:net'
import { sleep } from '@kemu/base'
import { shiftPort } from '@kemu/network/address'
import { printLine, warnLine } from '../output.ts'
import { placeOf } from '../surroundings.ts'
import { forever } from './command.ts'
import type { AgnhostCommand, AgnhostContext } from './command.ts'
import { askUdp } from './udp.ts'

const dayMs = 86_400_000

export const pause: AgnhostCommand = {
  flags: {},
  wordsMax: 0,
  run: (_flags, _words, { surroundings, clock }) => {
    printLine('Paused')
    const end = (words: string, code: number) => () => {
      const message = `exiting because of signal "${words}"\n`
      const path = process.env['TERMINATION_MESSAGE_PATH'] || '/dev/termination-log'
      try {
        writeFileSync(placeOf(surroundings, path), message)
      } catch {
        // The message is the last line of output too; upstream tries no harder.
      }
      process.stdout.write(message)
      process.exit(code)
    }
    process.on('SIGINT', end('interrupt', 1))
    process.on('SIGTERM', end('terminated', 2))
    printLine('Signals registered')
    clock.setPeriodic(dayMs, () => undefined) // a process without anything to wait for would end
    return forever()
  },
}

export const entrypointTester: AgnhostCommand = {
  flags: {},
  wordsMax: Number.POSITIVE_INFINITY,
  run: async (_flags, words) => {
    printLine(`[${['/agnhost', 'entrypoint-tester', ...words].join(' ')}]`)
    return 0
  },
}

export const dnsSuffix: AgnhostCommand = {
  flags: {},
  wordsMax: 0,
  run: async (_flags, _words, { resolver }) => {
    printLine(resolver.conf.searches.join(','))
    return 0
  },
}

export const dnsServerList: AgnhostCommand = {
  flags: {},
  wordsMax: 0,
  run: async (_flags, _words, { resolver }) => {
    printLine(resolver.conf.servers.join(','))
    return 0
  },
}

export const connect: AgnhostCommand = {
  flags: {
    protocol: { type: 'string', default: 'tcp', help: 'tcp or udp' },
    timeout: { type: 'duration', default: 0, help: 'Maximum time before returning an error' },
    'udp-data': { type: 'string', default: 'hostname', help: 'UDP payload' },
  },
  wordsMax: 1,
  run: async (flags, [destination = ''], context) => {
    const at = destination.lastIndexOf(':')
    const port = Number(destination.slice(at + 1))
    if (at < 0 || !Number.isInteger(port)) {
      warnLine(`UNKNOWN: address ${destination}: missing port in address`)
      return 1
    }
    const host = destination.slice(0, at).replace(/^\[|\]$/g, '')
    const timeoutMs = (flags['timeout'] as number) || 60_000
    try {
      const address = await context.resolver.address(host)
      if (flags['protocol'] === 'udp')
        await askUdp(address, port, `${String(flags['udp-data'])}\n`, timeoutMs, context)
      else if (flags['protocol'] === 'tcp' || flags['protocol'] === '')
        await connectTcp(address, port, timeoutMs, context)
      else throw new Error(`Unsupported protocol ${String(flags['protocol'])}`)
      return 0
    } catch (error) {
      warnLine(describeFailure(error as NodeJS.ErrnoException))
      return 1
    }
  },
}

function describeFailure({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOTFOUND':
      return `DNS: ${message}`
    case 'ETIMEDOUT':
      return 'TIMEOUT'
    case 'ECONNREFUSED':
      return 'REFUSED'
    default:
      return `OTHER: ${message}`
  }
}

function connectTcp(
  address: string,
  port: number,
  timeoutMs: number,
  { surroundings }: AgnhostContext,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const real = shiftPort(port, surroundings.portFloor)
    const socket = openConnection({ host: address, port: real, timeout: timeoutMs })
    socket.on('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.on('timeout', () =>
      socket.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })),
    )
    socket.on('error', reject)
  })
}

const verbs = ['GET', 'PUT', 'POST'] as const

export const logsGenerator: AgnhostCommand = {
  flags: {
    'log-lines-total': { type: 'int', default: 0, help: 'Total lines' },
    'run-duration': { type: 'duration', default: 0, help: 'Total duration of the run' },
  },
  wordsMax: 0,
  run: async (flags, _words, { clock }) => {
    const total = flags['log-lines-total'] as number
    const durationMs = flags['run-duration'] as number
    if (total <= 0) throw new Error(`Invalid total number of lines: ${total}`)
    if (durationMs <= 0) throw new Error(`Invalid duration: ${durationMs}`)
    for (let i = 0; i < total; i++) {
      const pod = (i * 7919).toString(36).padStart(4, 'a').slice(-4)
      const space = i % 2 === 0 ? 'kube-system' : 'default'
      printLine(
        `${i} ${verbs[i % verbs.length]} /api/v1/namespaces/${space}/pods/${pod} ${200 + ((i * 37) % 400)}`,
      )
      await sleep(clock, durationMs / total)
    }
    return 0
  },
}
