import { request } from 'node:https'
import t from 'tap'
import { silentLogger, systemClock } from '@kemu/base'
import { ComponentServer } from './component-server.ts'
import type { Access } from './delegated-access.ts'

const access: Access = {
  authorities: async () => [],
  decide: async ({ headers: { authorization: token }, path }) =>
    token === 'Bearer good' || path === '/healthz' || path === '/livez'
      ? { kind: 'allowed' }
      : token === undefined
        ? { kind: 'forbidden', message: 'forbidden: no' }
        : { kind: 'unauthenticated' },
}

function get(port: number, path: string, token?: string): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const options = { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false }
    request({ ...options, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve({ code: response.statusCode ?? 0, text }))
    })
      .on('error', reject)
      .end()
  })
}

t.test('tells health to everybody and pages only to those allowed', async (t) => {
  let problem: string | undefined
  const server = new ComponentServer(
    { bindAddress: '127.0.0.1', port: 0 },
    {
      clock: systemClock,
      logger: silentLogger,
      access,
      pages: { '/metrics': () => 'up 1\n' },
      checks: { leaderElection: () => problem },
    },
  )
  const port = await server.listen()
  t.same(await get(port, '/healthz'), { code: 200, text: 'ok' })
  t.same(await get(port, '/livez?verbose'), {
    code: 200,
    text: '[+]ping ok\n[+]leaderElection ok\nlivez check passed\n',
  })
  problem = 'lost the lease'
  t.match(await get(port, '/healthz'), { code: 500, text: /leaderElection failed: lost the lease/ })
  t.same(await get(port, '/metrics'), { code: 403, text: 'forbidden: no\n' })
  t.equal((await get(port, '/metrics', 'bad')).code, 401)
  t.same(await get(port, '/metrics', 'good'), { code: 200, text: 'up 1\n' })
  t.equal((await get(port, '/nothing', 'good')).code, 404)
  await server.close()
})
