import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import type { Clock } from '@kemu/base'
import { shiftPort } from '@kemu/network/address'
import type { Surroundings } from '../surroundings.ts'

/** Listens on the pod's address, or on the one given. */
export async function listenUdp(
  port: number,
  surroundings: Surroundings,
  answer: (text: string, client: RemoteInfo) => string | undefined,
  address?: string,
): Promise<Socket> {
  const socket = createSocket(address?.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', (message, client) => {
    const reply = answer(message.toString(), client)
    if (reply !== undefined) socket.send(reply, client.port, client.address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    const real = shiftPort(port, surroundings.portFloor)
    const host = address ?? surroundings.bindAddress
    socket.bind({ port: real, ...(host !== undefined && { address: host }) }, resolve)
  })
  return socket
}

/** Sends one message and waits for the answer. */
export function askUdp(
  address: string,
  port: number,
  text: string,
  timeoutMs: number,
  { surroundings, clock }: { readonly surroundings: Surroundings; readonly clock: Clock },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    const finish = (): void => {
      timer.cancel()
      socket.close()
    }
    const timer = clock.setTimer(timeoutMs, () => {
      socket.close()
      reject(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' }))
    })
    socket.on('message', (message) => {
      finish()
      resolve(message.toString())
    })
    socket.on('error', (error) => {
      finish()
      reject(error)
    })
    const real = shiftPort(port, surroundings.portFloor)
    socket.connect(real, address, () => socket.send(text))
  })
}
