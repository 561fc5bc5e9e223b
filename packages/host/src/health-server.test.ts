import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { serveHealth } from './health-server.ts'

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

t.test('the host is well when every part answers and every file stands', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-health-'))
  let kubeletCode = 500
  const kubelet = createServer((_, response) => response.writeHead(kubeletCode).end())
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${portOf(kubelet)}/healthz`
  const mark = join(dir, 'initialized')
  const health = await serveHealth('127.0.0.1:0', { urls: [url], caFile: '', files: [mark] })
  t.teardown(() => {
    kubelet.close()
    health.close()
    rmSync(dir, { recursive: true })
  })
  const ask = async (): Promise<[number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${portOf(health)}/healthz`)
    return [answer.status, await answer.text()]
  }
  t.same(await ask(), [503, `${url} answered 500\n${mark} is not there yet\n`])
  kubeletCode = 200
  writeFileSync(mark, '')
  t.same(await ask(), [200, 'ok\n'])
})
