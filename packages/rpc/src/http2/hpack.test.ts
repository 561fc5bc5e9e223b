import t from 'tap'
import { HpackDecoder } from './hpack-decoder.ts'
import { ProtocolError } from './protocol-error.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

t.test(
  'decodes the requests of RFC 7541, appendix C.3 (without Huffman), one table for all',
  (t) => {
    const decoder = new HpackDecoder()
    const common = {
      ':method': 'GET',
      ':scheme': 'http',
      ':path': '/',
      ':authority': 'www.example.com',
    }
    t.same(decoder.decode(bytes('828684410f7777772e6578616d706c652e636f6d')), common)
    t.same(decoder.decode(bytes('828684be58086e6f2d6361636865')), {
      ...common,
      'cache-control': 'no-cache',
    })
    t.same(decoder.decode(bytes('828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565')), {
      ...common,
      ':scheme': 'https',
      ':path': '/index.html',
      'custom-key': 'custom-value',
    })
    t.end()
  },
)

t.test('decodes the same requests with Huffman (appendix C.4)', (t) => {
  const decoder = new HpackDecoder()
  const first = decoder.decode(bytes('828684418cf1e3c2e5f23a6ba0ab90f4ff'))
  t.equal(first[':authority'], 'www.example.com')
  t.equal(decoder.decode(bytes('828684be5886a8eb10649cbf'))['cache-control'], 'no-cache')
  const third = decoder.decode(bytes('828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf'))
  t.equal(third['custom-key'], 'custom-value')
  t.end()
})

t.test('forgets the oldest entries when the table is full (section 4.4)', (t) => {
  const decoder = new HpackDecoder()
  const insert = (name: string, value: string): Buffer =>
    Buffer.concat([
      Buffer.from([0x40, name.length]),
      Buffer.from(name),
      Buffer.from([0x7f, value.length - 0x7f]),
      Buffer.from(value),
    ])
  // 4096 bytes hold twelve of these.
  for (let i = 0; i < 20; i++) decoder.decode(insert(`n${i.toString(36)}`, 'x'.repeat(250)))
  t.match(decoder.decode(Buffer.from([0x80 | 62])), { nj: /x/ }, 'the newest comes first')
  t.doesNotThrow(() => decoder.decode(Buffer.from([0x80 | (61 + 14)])))
  t.throws(() => decoder.decode(Buffer.from([0x80 | (61 + 15)])), ProtocolError)
  t.end()
})

t.test('refuses what no encoder writes', (t) => {
  const cases: [name: string, hex: string][] = [
    ['index 0', '80'],
    ['an index that is not there', 'ff 80 01'],
    ['a string that ends early', '40 0a 61'],
    ['a table larger than agreed', '3f e2 1f'],
    ['an integer without end', 'ff ff ff ff ff ff ff'],
    ['the end-of-string symbol inside a string', '40 84 ff ff ff ff 00'],
    ['padding that is not ones', '40 81 00 00'],
  ]
  for (const [name, hex] of cases) {
    t.throws(() => new HpackDecoder().decode(bytes(hex)), { name: 'ProtocolError' }, name)
  }
  t.end()
})

t.test('a name that comes twice keeps both values', (t) => {
  const field = (value: string): Buffer => Buffer.from(`\0\x01k\x01${value}`, 'latin1')
  t.same(new HpackDecoder().decode(Buffer.concat([field('a'), field('b')])), { k: 'a,b' })
  t.end()
})
