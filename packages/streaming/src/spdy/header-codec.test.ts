import { constants, createDeflate } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { headerDictionary } from './dictionary.ts'
import { HeaderDecoder, HeaderEncoder, SpdyError } from './header-codec.ts'

/** Blocks as a peer with a real compressor sends them: one zlib stream, a sync flush after each. */
function compressAll(blocks: readonly Buffer[]): Promise<Buffer[]> {
  const deflate = createDeflate({ dictionary: headerDictionary, level: 9 })
  const packed: Buffer[] = []
  let current: Buffer[] = []
  deflate.on('data', (chunk: Buffer) => current.push(chunk))
  return blocks.reduce<Promise<Buffer[]>>(async (before, block) => {
    await before
    await new Promise<void>((resolve) => {
      deflate.write(block)
      deflate.flush(constants.Z_SYNC_FLUSH, resolve)
    })
    packed.push(Buffer.concat(current))
    current = []
    return packed
  }, Promise.resolve(packed))
}

function rawBlock(headers: Readonly<Record<string, string>>): Buffer {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const entries = Object.entries(headers)
  return Buffer.concat([
    number(entries.length),
    ...entries.flat().flatMap((text) => [number(Buffer.byteLength(text)), Buffer.from(text)]),
  ])
}

const headers = fc.dictionary(
  fc.stringMatching(/^[a-z-]{1,20}$/),
  fc.stringMatching(/^[ -~]{0,200}$/),
  { maxKeys: 6, noNullPrototype: true },
)

void t.test('blocks of one connection come back as they were sent', (t) => {
  fc.assert(
    fc.property(fc.array(headers, { maxLength: 8 }), (list) => {
      const encoder = new HeaderEncoder()
      const decoder = new HeaderDecoder()
      for (const each of list) t.same(decoder.decode(encoder.encode(each)), each)
    }),
    { numRuns: 60 },
  )
  t.end()
})

void t.test(
  'blocks of a real compressor, which point back into earlier ones, are unpacked',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { minLength: 1, maxLength: 8 }), async (list) => {
        const packed = await compressAll(list.map(rawBlock))
        const decoder = new HeaderDecoder()
        packed.forEach((block, i) => t.same(decoder.decode(block), list[i]))
      }),
      { numRuns: 40 },
    )
  },
)

void t.test('a block that is no zlib, or is cut short, is a protocol error', (t) => {
  t.throws(() => new HeaderDecoder().decode(Buffer.from('ffffffffffffffffff', 'hex')), SpdyError)
  const encoder = new HeaderEncoder()
  const whole = encoder.encode({ streamtype: 'data', port: '80' })
  t.throws(() => new HeaderDecoder().decode(whole.subarray(0, whole.length - 12)), SpdyError)
  t.end()
})
