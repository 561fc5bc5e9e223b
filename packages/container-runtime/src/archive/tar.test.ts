import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { readTar } from './tar-reader.ts'
import { TarError } from './tar-header.ts'
import type { TarHeader } from './tar-header.ts'
import { filesBelow, writeTar } from './tar-writer.ts'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(
  bytes: Buffer,
  pieceBytes = 1000,
): Promise<{ header: TarHeader; text: string }[]> {
  const members: { header: TarHeader; text: string }[] = []
  for await (const { header, content } of readTar(inPieces(bytes, pieceBytes))) {
    let text = ''
    for await (const part of content) text += part.toString('latin1')
    members.push({ header, text })
  }
  return members
}

async function written(members: Parameters<typeof writeTar>[0]): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of writeTar(members)) parts.push(part)
  return Buffer.concat(parts)
}

void t.test('what GNU tar writes is read, in each of its formats', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-tar-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const long = `${'deep/'.repeat(30)}file-${'x'.repeat(120)}`
  mkdirSync(join(dir, 'tree', long, '..'), { recursive: true })
  writeFileSync(join(dir, 'tree', long), 'far down')
  writeFileSync(join(dir, 'tree/plain'), 'y'.repeat(1500), { mode: 0o751 })
  symlinkSync('plain', join(dir, 'tree/soft'))
  linkSync(join(dir, 'tree/plain'), join(dir, 'tree/hard'))
  execFileSync('mkfifo', [join(dir, 'tree/pipe')])
  for (const format of ['gnu', 'pax', 'oldgnu']) {
    const words = ['-C', join(dir, 'tree'), `--format=${format}`, '--sort=name', '-cf', '-', '.']
    const members = await readAll(execFileSync('tar', words), 77)
    const of = (name: string) => members.find(({ header }) => header.name === name)
    t.equal(of(`./${long}`)?.text, 'far down', `${format}: a long name`)
    t.match(of('./soft')?.header, { type: 'symlink', linkName: 'plain', size: 0 })
    t.match(of('./pipe')?.header, { type: 'fifo' })
    const [first, second] = [of('./hard')!, of('./plain')!]
    t.match(first, { header: { type: 'file', mode: 0o751, size: 1500 }, text: 'y'.repeat(1500) })
    t.match(second.header, { type: 'hardLink', linkName: './hard' })
  }
})

void t.test('what we write we read, and so does GNU tar', async (t) => {
  const name = fc
    .array(fc.stringMatching(/^[a-z0-9._-]{1,60}$/), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'))
    .filter((path) => !path.split('/').some((part) => part === '.' || part === '..'))
  const member = fc.record({ name, text: fc.string({ maxLength: 2000 }) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { maxLength: 5 }),
      fc.integer({ min: 1, max: 700 }),
      async (wanted, pieceBytes) => {
        const archive = await written(
          wanted.map(({ name, text }) => ({
            name,
            typeFlag: '0' as const,
            mode: 0o644,
            size: Buffer.byteLength(text),
            content: [Buffer.from(text)],
          })),
        )
        const found = await readAll(archive, pieceBytes)
        t.same(
          found.map(({ header, text }) => [header.name, text]),
          wanted.map(({ name, text }) => [name, Buffer.from(text).toString('latin1')]),
        )
        const listed = execFileSync('tar', ['-tf', '-'], { input: archive, encoding: 'utf8' })
        t.same(
          listed.split('\n').filter(Boolean),
          wanted.map((one) => one.name),
        )
      },
    ),
    { numRuns: 25 },
  )
})

void t.test('a directory becomes an archive of its files', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-tar-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true })
  writeFileSync(join(dir, 'index.json'), '{}')
  writeFileSync(join(dir, 'blobs/sha256/aa'), 'blob')
  const members = await readAll(await written(filesBelow(dir)))
  t.same(Object.fromEntries(members.map(({ header, text }) => [header.name, text])), {
    'blobs/sha256/aa': 'blob',
    'index.json': '{}',
  })
})

void t.test('what is no archive, or ends too early, is an error', async (t) => {
  const archive = await written([
    { name: 'a', typeFlag: '0', mode: 0o644, size: 600, content: [Buffer.alloc(600, 'a')] },
  ])
  await t.rejects(readAll(Buffer.alloc(512, 'x')), TarError)
  await t.rejects(readAll(archive.subarray(0, 700)), /ends in the middle/)
  t.same(await readAll(Buffer.alloc(0)), [], 'nothing is nothing')
})
