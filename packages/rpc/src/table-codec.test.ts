import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadSync } from '@grpc/proto-loader'
import type { ServiceDefinition } from '@grpc/proto-loader'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import t from 'tap'
import * as cri from './generated/cri.ts'
import * as etcd from './generated/etcd.ts'
import * as resources from './generated/resources.ts'
import { loaderOptions } from './loaded-service.ts'
import { ProtobufError } from './protobuf.ts'
import type { Service } from './service.ts'

// Every message of every service that is read by tables, beside @grpc/proto-loader's codec of the same proto file.

const protoDir = resolve(import.meta.dirname, '../../../proto')
const options = { ...loaderOptions, keepCase: false }

for (const [name, files, module] of [
  ['cri', ['cri/runtime.proto'], cri],
  ['etcd', readdirSync(join(protoDir, 'etcd')).map((file) => `etcd/${file}`), etcd],
  ['resources', ['kemu/resources.proto'], resources],
] as const) {
  const loaded = loadSync([...files], { ...options, includeDirs: [protoDir] })
  const tree = new protobuf.Root()
  tree.resolvePath = (_origin, target) => join(protoDir, target)
  tree.loadSync([...files])
  tree.resolveAll()
  const services = Object.values(module as unknown as Record<string, Service<unknown>>).filter(
    (one) => typeof one.definition === 'function',
  )
  t.ok(services.length > 0)
  for (const service of services) {
    t.test(`${name}: ${service.name} says the same by tables as by descriptors`, async (t) => {
      const theirs = loaded[service.name] as ServiceDefinition
      const ours = service.definition()
      t.same(Object.keys(ours), Object.keys(theirs))
      for (const method of tree.lookupService(service.name).methodsArray) {
        const [a, b] = [ours[method.name]!, theirs[method.name]!]
        t.match(b, {
          path: a.path,
          requestStream: a.requestStream,
          responseStream: a.responseStream,
        })
        const request = message(method.resolvedRequestType!)
        fc.assert(
          fc.property(request, (value) => {
            const bytes = a.requestSerialize(value)
            t_same(b.requestDeserialize(bytes), b.requestDeserialize(b.requestSerialize(value)))
            t_same(a.requestDeserialize(b.requestSerialize(value)), b.requestDeserialize(bytes))
          }),
          { numRuns: 30 },
        )
        fc.assert(
          fc.property(message(method.resolvedResponseType!), (value) => {
            const bytes = a.responseSerialize(value)
            t_same(b.responseDeserialize(bytes), b.responseDeserialize(b.responseSerialize(value)))
            t_same(a.responseDeserialize(b.responseSerialize(value)), b.responseDeserialize(bytes))
          }),
          { numRuns: 30 },
        )
      }
    })
  }
}

t.test('bytes that are no message are refused, and an enum value without a name too', async (t) => {
  const put = etcd.KV.definition()['Put']!
  for (const hex of ['0a', '0a05', '0a0561', '0b', '0f'])
    t.throws(() => put.requestDeserialize(Buffer.from(hex, 'hex')), ProtobufError, hex)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
      try {
        etcd.KV.definition()['Txn']!.requestDeserialize(Buffer.from(data))
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  const range = etcd.KV.definition()['Range']!
  t.throws(() => range.requestSerialize({ sortOrder: 'SIDEWAYS' }), /no such enum value: SIDEWAYS/)
})

function t_same(found: object, wanted: object): void {
  const [a, b] = [JSON.stringify(sorted(found)), JSON.stringify(sorted(wanted))]
  if (a !== b) throw new Error(`${a}\nis not\n${b}`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (Buffer.isBuffer(value)) return value.toString('hex')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  )
}

/** Any message of this type, with some of its fields. */
function message(type: protobuf.Type, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const members = new Map<string, fc.Arbitrary<Record<string, unknown>>[]>()
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const f of type.fieldsArray) {
    if (f.resolvedType instanceof protobuf.Type && depth > 3) continue
    const one = single(f, depth)
    if (f.partOf) {
      const all = members.get(f.partOf.name) ?? []
      all.push(one.map((value) => ({ [f.name]: value })))
      members.set(f.partOf.name, all)
    } else if (f.map)
      fields[f.name] = fc.dictionary(fc.string({ maxLength: 4 }), one, { maxKeys: 2 })
    else if (f.repeated) fields[f.name] = fc.array(one, { maxLength: 3 })
    else fields[f.name] = one
  }
  const base = fc.record(fields, { requiredKeys: [] })
  return [...members.values()].reduce<fc.Arbitrary<Record<string, unknown>>>(
    (whole, choices) =>
      fc.tuple(whole, fc.oneof(fc.constant({}), ...choices)).map(([a, b]) => ({ ...a, ...b })),
    base as fc.Arbitrary<Record<string, unknown>>,
  )
}

function single(f: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  if (f.resolvedType instanceof protobuf.Type) return message(f.resolvedType, depth + 1)
  if (f.resolvedType instanceof protobuf.Enum)
    return fc.constantFrom(...Object.keys(f.resolvedType.values))
  switch (f.type) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 })
    case 'bytes':
      return fc.uint8Array({ maxLength: 12 }).map((data) => Buffer.from(data))
    case 'bool':
      return fc.boolean()
    case 'double':
      return fc.double({ noNaN: true })
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.nat()
    case 'int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
    case 'uint64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
    default:
      throw new Error(f.type)
  }
}
