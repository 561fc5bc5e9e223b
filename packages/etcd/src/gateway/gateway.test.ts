import { connect } from 'node:http2'
import t from 'tap'
import { startTestMember } from '../testing/test-member.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function start(t: Parameters<typeof startTestMember>[0], flags: readonly string[] = []) {
  const { server } = await startTestMember(t, { flags })
  const url = `http://127.0.0.1:${server.clientPorts[0]!}`
  const ask = async (path: string, body: string, headers = {}): Promise<Answer> => {
    const response = await fetch(url + path, { method: 'POST', body, headers })
    const text = await response.text()
    return { status: response.status, body: text === '' ? '' : JSON.parse(text) }
  }
  return { url, ask }
}

t.test('keys are put, read, compared and deleted as JSON', async (t) => {
  const { ask } = await start(t)
  const put = await ask('/v3/kv/put', `{"key":"${base64('foo')}","value":"${base64('bar')}"}`)
  t.match(put, { status: 200, body: { header: { revision: '2', raft_term: '2' } } })
  t.match(
    await ask('/v3/kv/range', `{"key":"${base64('foo')}","rangeEnd":"AA==","limit":3,"x":1}`),
    {
      status: 200,
      body: {
        count: '1',
        kvs: [
          { key: 'Zm9v', create_revision: '2', mod_revision: '2', version: '1', value: 'YmFy' },
        ],
      },
    },
  )
  const txn = {
    compare: [{ target: 'VERSION', key: 'Zm9v', version: '1', result: 'EQUAL' }],
    success: [{ requestPut: { key: 'YQ==', value: 'Yg==' } }, { request_range: { key: 'Zm9v' } }],
  }
  const answer = await ask('/v3/kv/txn', JSON.stringify(txn))
  t.match(answer.body, {
    succeeded: true,
    responses: [
      { response_put: { header: { revision: '3' } } },
      { response_range: { header: { revision: '3' }, count: '1', kvs: [{ value: 'YmFy' }] } },
    ],
  })
  t.match(await ask('/v3/kv/deleterange', '{"key":"YQ==","prev_kv":true}'), {
    body: { deleted: '1', prev_kvs: [{ key: 'YQ==', value: 'Yg==' }] },
  })
})

t.test('64-bit numbers are exact, quoted or not', async (t) => {
  const { ask } = await start(t)
  for (const id of ['7587862094130441023', '"7587862094130441022"']) {
    const { body } = await ask('/v3/lease/grant', `{"ID":${id},"TTL":"100"}`)
    t.match(body, { ID: id.replaceAll('"', ''), TTL: '100' })
  }
  t.match(await ask('/v3/lease/grant', '{"TTL":99999999999999999999}'), { status: 400 })
})

t.test('refusals have the code and text of gRPC, and the status of HTTP', async (t) => {
  const { url, ask } = await start(t)
  const rows: [path: string, body: string, status: number, code: number, message: string][] = [
    ['kv/range', '', 400, 3, 'etcdserver: key is not provided'],
    ['kv/range', '{"key":"YQ==","revision":"9"}', 400, 11, 'etcdserver: mvcc: required revision'],
    ['kv/range', '{"key":5}', 400, 3, 'invalid value for bytes field key: 5'],
    ['kv/range', '{"key":', 400, 3, 'unexpected EOF'],
    ['kv/range', '{"key":]', 400, 3, 'is not valid JSON'],
    ['auth/enable', '{}', 400, 9, 'etcdserver: root user does not exist'],
    ['lease/revoke', '{"ID":"5"}', 404, 5, 'etcdserver: requested lease not found'],
    ['kv/nothing', '{}', 404, 5, 'Not Found'],
  ]
  for (const [path, body, status, code, message] of rows) {
    const answer = await ask(`/v3/${path}`, body)
    t.match(answer, { status, body: { code } }, `${path} ${body}`)
    t.match((answer.body as { message: string }).message, message)
  }
  t.equal((await fetch(`${url}/v3/kv/range`)).status, 501)
})

t.test('a watch answers with a line for each message until its client goes', async (t) => {
  const { url, ask } = await start(t)
  await ask('/v3/kv/put', '{"key":"YQ==","value":"MQ=="}')
  const controller = new AbortController()
  const body = '{"create_request":{"key":"YQ==","start_revision":"1"}}'
  const { signal } = controller
  const response = await fetch(`${url}/v3/watch`, { method: 'POST', body, signal })
  const lines: { result: { created?: boolean; events?: { kv: { value: string } }[] } }[] = []
  let rest = ''
  for await (const chunk of response.body!) {
    rest += Buffer.from(chunk).toString()
    const whole = rest.split('\n')
    rest = whole.pop()!
    for (const line of whole) lines.push(JSON.parse(line))
    if (lines.length === 2) await ask('/v3/kv/put', '{"key":"YQ==","value":"Mg=="}')
    if (lines.length === 3) break
  }
  t.equal(lines[0]!.result.created, true)
  t.same(
    lines.slice(1).flatMap(({ result }) => result.events!.map(({ kv }) => kv.value)),
    ['MQ==', 'Mg=='],
  )
})

t.test('a stream takes one value after the other', async (t) => {
  const { url } = await start(t)
  const body = '{"ID":"5"}{"ID":"6"}'
  const response = await fetch(`${url}/v3/lease/keepalive`, { method: 'POST', body })
  const ids = (await response.text()).split('\n').filter((line) => line !== '')
  t.same(
    ids.map((line) => JSON.parse(line).result.ID),
    ['5', '6'],
  )
})

t.test('users come with a token', async (t) => {
  const { ask } = await start(t)
  for (const [path, body] of [
    ['user/add', '{"name":"root","password":"päss"}'],
    ['role/add', '{"name":"root"}'],
    ['user/grant', '{"user":"root","role":"root"}'],
    ['enable', '{}'],
  ] as const) {
    t.equal((await ask(`/v3/auth/${path}`, body)).status, 200, path)
  }
  t.match(await ask('/v3/kv/range', '{"key":"YQ=="}'), { status: 400, body: { code: 3 } })
  const { body } = await ask('/v3/auth/authenticate', '{"name":"root","password":"päss"}')
  const { token } = body as { token: string }
  const read = await ask('/v3/kv/range', '{"key":"YQ=="}', { authorization: token })
  t.match(read, { status: 200 })
  const wrong = await ask('/v3/kv/range', '{"key":"YQ=="}', { authorization: 'nonsense' })
  t.match(wrong, { status: 401, body: { code: 16 } })
})

t.test('--enable-grpc-gateway=false leaves it out', async (t) => {
  const { url } = await start(t, ['--enable-grpc-gateway=false'])
  t.equal((await fetch(`${url}/v3/kv/range`)).status, 404)
})

t.test('HTTP/2 without gRPC is answered like HTTP/1.1', async (t) => {
  const { url } = await start(t)
  const session = connect(url)
  t.teardown(() => session.destroy())
  const ask = (path: string, body?: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST'
      const stream = session.request({ ':path': path, ':method': method })
      let text = ''
      let status = 0
      stream.on('response', (headers) => (status = headers[':status']!))
      stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      stream.on('end', () => resolve({ status, text }))
      stream.on('error', reject)
      stream.end(body)
    })
  t.same(await ask('/health'), { status: 200, text: '{"health":"true","reason":""}' })
  t.same((await ask('/nothing')).status, 404)
  t.match((await ask('/v3/kv/range', '{"key":"YQ=="}')).text, '"revision":"1"')
})
