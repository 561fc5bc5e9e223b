import t from 'tap'
import { systemClock } from '@kemu/base'
import { CertificateAuthority } from '@kemu/pki'
import { RpcServer } from '@kemu/rpc'
import { Resources } from '@kemu/rpc/resources'
import { GrpcTransport } from './grpc-transport.ts'

t.test('an answer that does not come is given up, though the connection stands', async (t) => {
  let asked = 0
  const server = new RpcServer().add(Resources, {
    Patch: () => {
      asked += 1
      return new Promise<never>(() => {})
    },
  })
  const authority = await CertificateAuthority.create('ca', systemClock.now())
  const { certificate, privateKey } = await authority.issue({
    commonName: 'server',
    usages: ['server auth'],
    ipAddresses: ['127.0.0.1'],
    notBeforeMs: systemClock.now() - 60_000,
    notAfterMs: systemClock.now() + 3_600_000,
  })
  const [port] = await server.listen(['127.0.0.1:0'], {
    ca: authority.certificate,
    cert: certificate,
    key: privateKey,
  })
  const transport = new GrpcTransport({
    target: `127.0.0.1:${port}`,
    tls: { ca: authority.certificate },
    userAgent: 'test',
    answerMs: 500,
  })
  t.teardown(async () => {
    transport.close()
    await server.close(0)
  })
  const path = {
    group: '',
    version: 'v1',
    resource: 'pods',
    namespace: 'default',
    name: 'a',
    subresource: 'status',
  }
  await t.rejects(transport.patch(path, 'merge', {}), { name: 'ConnectionError' })
  t.equal(asked, 1, 'it was reached')
})
