import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import { GatewayClient } from './gateway-client.ts'

const port = (number: number) => ({
  protocol: 'TCP' as const,
  port: number,
  target: `172.18.0.10:${number}`,
})

/** A gateway that notes each line, by connection. */
function gateway(t: Test) {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-gateway-'))
  const path = join(dir, 'gateway.sock')
  const lines: string[] = []
  const sockets: Socket[] = []
  let wake = (): void => {}
  const server = createServer((socket) => {
    const number = sockets.push(socket)
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) lines.push(`${number} ${line}`)
      wake()
    })
    socket.on('error', () => {})
  })
  const listen = (): Promise<void> => new Promise((resolve) => server.listen(path, resolve))
  const client = new GatewayClient(path, {
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  })
  t.teardown(() => {
    client.close()
    server.close()
    rmSync(dir, { recursive: true })
  })
  const until = async (count: number): Promise<void> => {
    while (lines.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { client, listen, lines, sockets, until }
}

t.test('says the whole wish at each change, and nothing twice', async (t) => {
  const { client, listen, lines, until } = gateway(t)
  await listen()
  client.wish([])
  client.wish([port(31_001)])
  client.wish([port(31_001)])
  await until(1)
  client.wish([port(31_001), port(31_002)])
  client.wish([])
  await until(3)
  t.same(lines, [
    `1 ${JSON.stringify({ ports: [port(31_001)] })}`,
    `1 ${JSON.stringify({ ports: [port(31_001), port(31_002)] })}`,
    '1 {"ports":[]}',
  ])
})

t.test('a gateway that comes back is told again', async (t) => {
  const { client, listen, lines, sockets, until } = gateway(t)
  await listen()
  client.wish([port(31_001)])
  await until(1)
  sockets[0]!.destroy()
  await until(2)
  t.equal(lines[1], `2 ${JSON.stringify({ ports: [port(31_001)] })}`)
})
