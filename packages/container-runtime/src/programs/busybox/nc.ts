import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { shiftPort } from '@kemu/network/address'
import { parseOptions, UsageError } from '../options.ts'
import { warnLine } from '../output.ts'
import { describeSystemError } from './applet.ts'
import type { AppletContext } from './applet.ts'

/** `nc [-vz] [-w SECONDS] HOST PORT` and `nc -l -p PORT [-k]`: a connection to standard input and output. */
export async function nc(args: readonly string[], context: AppletContext): Promise<number> {
  const { given, words } = parseOptions(args, {
    withValue: ['p', 'w', 's'],
    plain: ['l', 'k', 'v', 'z', 'n'],
  })
  const { portFloor, bindAddress } = context.surroundings
  const real = (text: string): number => shiftPort(parsePort(text), portFloor)
  if (given.has('l')) {
    const text = given.get('p')?.at(-1) ?? words.at(-1) ?? ''
    return serve(real(text), bindAddress, given.has('k'))
  }
  const [host, port] = words
  if (host === undefined || port === undefined) throw new UsageError('usage: nc HOST PORT')
  const address = await context.resolver.address(host).catch(() => {
    throw new Error(`bad address '${host}'`)
  })
  const seconds = Number(given.get('w')?.at(-1) ?? 0)
  const socket = await open(address, real(port), seconds, host, port)
  if (given.has('v') || given.has('z')) warnLine(`${host} (${address}:${port}) open`)
  if (given.has('z')) {
    socket.destroy()
    return 0
  }
  await converse(socket)
  return 0
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`invalid port '${text}'`)
  return port
}

function open(
  address: string,
  realPort: number,
  seconds: number,
  host: string,
  port: string,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const idle = seconds > 0 ? { timeout: seconds * 1000 } : {}
    const socket = connect({ host: address, port: realPort, allowHalfOpen: true, ...idle })
    socket.on('connect', () => resolve(socket))
    socket.on('timeout', () => {
      reject(new Error('timed out'))
      socket.destroy()
    })
    socket.on('error', (error) =>
      reject(new Error(`${host} (${address}:${port}): ${describeSystemError(error)}`)),
    )
  })
}

function serve(
  port: number,
  address: string | undefined,
  keepsListening: boolean,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      if (!keepsListening) server.close()
      void converse(socket).then(() => {
        if (!keepsListening) resolve(0)
      })
    })
    server.on('error', reject)
    server.listen({ port, host: address })
  })
}

function converse(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.pipe(socket)
    socket.pipe(process.stdout, { end: false })
    socket.on('end', () => socket.end())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve())
  })
}
