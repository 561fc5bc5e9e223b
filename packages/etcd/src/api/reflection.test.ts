import { HealthService, ServerReflectionService } from '@kemu/rpc/grpc-codec'
import type { ServerReflectionRequest, ServerReflectionResponse } from '@kemu/rpc/grpc-codec'
import type { Init } from '@kemu/rpc/protobuf'
import t from 'tap'
import type { Channel } from '../grpc/client.ts'
import { startTestMember } from '../testing/test-member.ts'

const { ServerReflectionInfo } = ServerReflectionService
const older = {
  ...ServerReflectionInfo,
  path: '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
}

function ask(
  channel: Channel,
  request: Init<ServerReflectionRequest>,
  method = ServerReflectionInfo,
): Promise<ServerReflectionResponse> {
  return new Promise((resolve, reject) => {
    const call = channel.stream(method, {
      onMessage: resolve,
      onEnd: (error) => error && reject(error),
      onDrain: () => {},
    })
    call.write(request)
    call.end()
  })
}

t.test('a client that knows nothing learns what it may call', async (t) => {
  const { channel } = await startTestMember(t)
  for (const method of [ServerReflectionInfo, older]) {
    const list = await ask(channel, { listServices: '' }, method)
    const names = list.listServicesResponse!.service.map(({ name }) => name)
    for (const name of ['etcdserverpb.KV', 'v3lockpb.Lock', 'grpc.health.v1.Health']) {
      t.ok(names.includes(name), name)
    }
    const file = await ask(channel, { fileContainingSymbol: 'etcdserverpb.KV.Range' }, method)
    const files = file.fileDescriptorResponse!.fileDescriptorProto
    t.match(files[0], 'etcd/rpc.proto')
    t.equal(files.length, 3, 'with what it imports')
  }
  const byName = await ask(channel, { fileByFilename: 'etcd/kv.proto' })
  t.match(byName.fileDescriptorResponse!.fileDescriptorProto[0], 'KeyValue')
  const unknown = await ask(channel, { fileContainingSymbol: 'no.such.Thing' })
  t.equal(unknown.errorResponse!.errorCode, 5)
})

t.test('the health service says that the server serves, and knows no other name', async (t) => {
  const { channel } = await startTestMember(t)
  t.same(await channel.unary(HealthService.Check, {}), { status: 1 })
  await t.rejects(channel.unary(HealthService.Check, { service: 'etcdserverpb.KV' }), {
    code: 5,
    message: 'unknown service',
  })
})
