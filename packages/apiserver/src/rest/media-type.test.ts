// Every line was asked of a real kube-apiserver v1.36.
import { isStatusError } from '@kemu/api'
import t from 'tap'
import { negotiate, negotiateStatus } from './media-type.ts'
import type { Endpoint } from './media-type.ts'

const meta = 'g=meta.k8s.io;v=v1'
const pb = 'application/vnd.kubernetes.protobuf'

function chosen(accept: string, endpoint: Endpoint = 'object'): string {
  try {
    const { encoding, as } = negotiate(accept, endpoint)
    return `${encoding} ${as}`
  } catch (error) {
    if (!isStatusError(error, 'NotAcceptable')) throw error
    return error.message
  }
}

t.test('takes the clause of the best quality that some serializer can satisfy', (t) => {
  const rows: readonly [accept: string, wanted: string][] = [
    ['', 'json object'],
    ['*/*', 'json object'],
    ['text/html,*/*', 'json object'],
    ['application/json;q=0', 'json object'],
    ['application/json;q=0.1,application/yaml', 'yaml object'],
    ['*/*;q=0.1,application/yaml;q=0.2', 'yaml object'],
    [`application/json;as=Table;${meta};q=0.5,application/json`, 'json object'],
    [`application/json;as=Table;${meta},application/json`, 'json table'],
    [`application/yaml;as=Table;${meta}`, 'yaml table'],
    [`${pb};as=Table;${meta},application/json`, 'json object'],
    [`${pb};as=PartialObjectMetadata;${meta}`, 'protobuf metadata'],
    [`${pb},application/json`, 'protobuf object'],
    ['application/json;as=Foo;g=x;v=v1,application/json', 'json object'],
  ]
  for (const [accept, wanted] of rows) t.equal(chosen(accept), wanted, accept)
  t.end()
})

const three = `application/json, application/yaml, ${pb}`

t.test('refuses what the path does not have, then what no serializer has', (t) => {
  const path = `406: Not Acceptable\n\nAvailable representations: ${three}`
  const streams = `, application/json;stream=watch, ${pb};stream=watch`
  for (const accept of ['text/html', 'application/*', 'application/JSON', 'application/cbor'])
    t.equal(chosen(accept), path, accept)
  t.equal(chosen('text/html', 'watch'), path + streams)
  const serializer = `only the following media types are accepted: ${three}`
  for (const accept of [
    `application/json;as=Foo;${meta}`,
    'application/json;as=Table',
    `application/json;as=Table;g=foo;v=v1`,
    'application/json;stream=foo',
    `${pb};as=Table;${meta}`,
  ])
    t.equal(chosen(accept), serializer, accept)
  t.equal(chosen(`application/json;as=Table;${meta}`, 'question'), serializer)
  t.equal(
    chosen('application/yaml', 'watch'),
    `only the following media types are accepted: application/json;stream=watch, ${pb};stream=watch`,
  )
  t.end()
})

t.test('a refusal is written as the client wants objects, or raw', (t) => {
  t.equal(negotiateStatus('application/yaml')?.encoding, 'yaml')
  t.equal(negotiateStatus(`application/json;as=Table;${meta},application/json`)?.encoding, 'json')
  t.equal(negotiateStatus(`application/json;as=Table;${meta}`), undefined)
  t.end()
})
