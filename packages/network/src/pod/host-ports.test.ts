import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { systemClock } from '@kemu/base'
import t from 'tap'
import { HostPorts, HostPortTaken } from './host-ports.ts'

const nodeAddress = `127.78.${process.pid % 256}.1`
const podAddress = `127.78.${process.pid % 256}.2`

function say(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: nodeAddress, port: 18_080 })
    let got = ''
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()))
    socket.on('close', () => resolve(got))
    socket.on('error', reject)
    socket.end(text)
  })
}

void t.test('a host port leads to its pod until the pod ends', async (t) => {
  const pod = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  await new Promise<void>((resolve) => pod.listen(8080, podAddress, resolve))
  const udpPod = createSocket('udp4')
  udpPod.on('message', (message, { port, address }) => udpPod.send(message, port, address))
  await new Promise<void>((resolve) => udpPod.bind(5353, podAddress, resolve))
  const ports = new HostPorts({ clock: systemClock, nodeAddress, portFloor: 0 })
  t.teardown(() => {
    ports.closeAll()
    pod.close()
    udpPod.close()
  })
  const tcp = { protocol: 'TCP', hostPort: 18_080, containerPort: 8080, hostIp: '' } as const
  const udp = { protocol: 'UDP', hostPort: 15_353, containerPort: 5353, hostIp: '' } as const
  await ports.open('one', podAddress, [tcp, udp])

  t.equal(await say('hello'), 'hello')
  const client = createSocket('udp4')
  const answer = new Promise<string>((resolve) => {
    client.on('message', (message) => resolve(message.toString()))
  })
  client.send('datagram', 15_353, nodeAddress)
  t.equal(await answer, 'datagram')
  client.close()

  await t.rejects(ports.open('two', podAddress, [tcp]), HostPortTaken)
  ports.close('one')
  await t.rejects(say('again'), { code: 'ECONNREFUSED' })
  await ports.open('two', podAddress, [tcp])
  t.equal(await say('hello two'), 'hello two')
})
