import { Duplex } from 'node:stream'
import t from 'tap'
import { SpdyConnection } from './connection.ts'
import { dataFrame, FrameReader } from './frames.ts'
import { readText } from '../testing/read-text.ts'
import type { SpdyStream } from './stream.ts'

/** Two ends of one wire; bytes arrive in pieces of the given length. */
function wire(pieceBytes: number): [Duplex, Duplex] {
  const make = (): Duplex =>
    new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.length; at += pieceBytes)
          other(this).push(Buffer.from(chunk.subarray(at, at + pieceBytes)))
        setImmediate(done)
      },
      final(done) {
        other(this).push(null)
        done()
      },
    })
  const ends = [make(), make()] as const
  const other = (end: Duplex): Duplex => (end === ends[0] ? ends[1] : ends[0])
  return [ends[0], ends[1]]
}

for (const pieceBytes of [1, 7, 65_536]) {
  void t.test(`streams carry bytes both ways, in pieces of ${pieceBytes} bytes`, async (t) => {
    const [near, far] = wire(pieceBytes)
    const server = new SpdyConnection(far, {
      role: 'server',
      onStream: (stream) => {
        void readText(stream).then((text) => stream.end(`${stream.headers['name']}:${text}`))
        return undefined
      },
    })
    const client = new SpdyConnection(near, { role: 'client' })
    const text = 'x'.repeat(pieceBytes === 1 ? 500 : 100_000)
    const answers = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const stream = await client.createStream({ name })
        stream.end(text + name)
        return readText(stream)
      }),
    )
    t.same(
      answers,
      ['a', 'b', 'c'].map((name) => `${name}:${text}${name}`),
    )
    client.close()
    await server.closed
    await client.closed
  })
}

void t.test('a refused stream is an error for the one who opens it', async (t) => {
  const [near, far] = wire(65_536)
  const server = new SpdyConnection(far, { role: 'server', onStream: () => 'no' })
  const client = new SpdyConnection(near, { role: 'client' })
  await t.rejects(client.createStream({}), /refused/)
  client.close()
  await server.closed
})

void t.test('a reset ends both directions', async (t) => {
  const [near, far] = wire(65_536)
  let taken: SpdyStream | undefined
  const server = new SpdyConnection(far, {
    role: 'server',
    onStream: (stream) => {
      taken = stream
      return undefined
    },
  })
  const client = new SpdyConnection(near, { role: 'client' })
  const stream = await client.createStream({})
  const closed = new Promise((resolve) => taken!.on('close', resolve))
  stream.reset()
  await closed
  t.ok(taken?.destroyed)
  client.close()
  await server.closed
})

void t.test('a peer that breaks the protocol loses its connection', async (t) => {
  const [near, far] = wire(65_536)
  const server = new SpdyConnection(far, { role: 'server' })
  near.write(Buffer.from('80020001000000ff', 'hex')) // version 2
  near.write(Buffer.alloc(255))
  await server.closed
  t.ok(far.destroyed)
})

void t.test('a slow reader holds up the wire instead of filling memory', async (t) => {
  const [near, far] = wire(65_536)
  let taken: SpdyStream | undefined
  const server = new SpdyConnection(far, {
    role: 'server',
    onStream: (stream) => {
      taken = stream
      return undefined
    },
  })
  const client = new SpdyConnection(near, { role: 'client' })
  const stream = await client.createStream({})
  stream.write(Buffer.alloc(1_000_000))
  await new Promise((resolve) => setImmediate(resolve))
  t.ok(far.isPaused())
  let bytes = 0
  for await (const chunk of taken!) {
    bytes += (chunk as Buffer).length
    if (bytes === 1_000_000) break
  }
  t.equal(bytes, 1_000_000)
  client.close()
  await server.closed
})

void t.test('a frame that claims to be huge is refused', (t) => {
  const frame = dataFrame(1, Buffer.alloc(1), false)
  frame.writeUIntBE(0xffffff, 5, 3)
  t.throws(() => new FrameReader().push(frame), /too large/)
  t.end()
})
