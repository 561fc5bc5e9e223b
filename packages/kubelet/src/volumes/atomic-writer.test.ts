import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { writeAtomically } from './atomic-writer.ts'
import type { Payload } from './atomic-writer.ts'

const files = (entries: Record<string, string>, mode = 0o644): Payload =>
  new Map(Object.entries(entries).map(([k, v]) => [k, { data: Buffer.from(v), mode }]))
const plain = { fsGroup: undefined, mode: 0o1777 }

t.test('files come and go together, and an equal payload changes nothing', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'atomic-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  t.equal(writeAtomically(dir, files({ a: '1', 'sub/b': '2' }), 's1', plain), true)
  t.equal(readFileSync(join(dir, 'sub/b'), 'utf8'), '2')
  t.equal(readlinkSync(join(dir, 'a')), '..data/a')
  t.equal(readlinkSync(join(dir, '..data')), '..s1')
  t.equal(writeAtomically(dir, files({ a: '1', 'sub/b': '2' }), 's2', plain), false)
  t.equal(readlinkSync(join(dir, '..data')), '..s1')
  t.equal(writeAtomically(dir, files({ a: '9', c: '3' }), 's3', plain), true)
  t.same(readdirSync(dir).sort(), ['..data', '..s3', 'a', 'c'])
  t.equal(readFileSync(join(dir, 'a'), 'utf8'), '9')
})

t.test('modes are what was asked for, whatever the umask', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'atomic-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  writeAtomically(dir, files({ key: 'x' }, 0o400), 's1', plain)
  t.equal(statSync(join(dir, 'key')).mode & 0o777, 0o400)
})

t.test('directories of a volume are open, and handed to fsGroup', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'atomic-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const modes = (): string[] =>
    ['', '..data/', 'deep/er'].map((path) => (statSync(join(dir, path)).mode & 0o7777).toString(8))
  writeAtomically(dir, files({ 'deep/er/key': 'x' }), 's1', plain)
  t.same(modes(), ['1777', '755', '755'])
  // One's own group may always be given.
  const fsGroup = process.getgid!()
  const other = join(dir, 'other')
  writeAtomically(other, files({ 'deep/er/key': 'x' }), 's1', { fsGroup, mode: 0o777 })
  t.equal(statSync(other).mode & 0o7777, 0o2777)
  t.equal(statSync(join(other, 'deep/er')).mode & 0o7777, 0o2755)
})
