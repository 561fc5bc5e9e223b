import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@kemu/base'
import { encodeMessage } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import { WalMetadata } from '@kemu/rpc/raft-codec'
import type { WalSave } from '@kemu/rpc/raft-codec'
import t from 'tap'
import { temporaryDirectory } from '../testing/test-member.ts'
import { crc32, tableCrc32 } from './crc32.ts'
import { systemDisk } from './disk.ts'
import type { Disk } from './disk.ts'
import { DataDirError } from './errors.ts'
import { encodeRecord, recordKinds } from './record.ts'
import { segmentName } from './segments.ts'
import { Wal } from './wal.ts'
import type { WalConfig } from './wal.ts'

const metadata = { clusterId: 0xfedc_ba98_7654_3210n, memberId: 7n, members: [] }

function configIn(t: { teardown(action: () => void): void }, segmentBytes = 1 << 20): WalConfig {
  return {
    directory: join(temporaryDirectory(t), 'wal'),
    segmentBytes,
    clock: systemClock,
    disk: systemDisk,
  }
}

function entry(index: number): Init<WalSave> {
  const data = Buffer.from(`entry ${index}`)
  return {
    hardState: { term: 1, vote: 'a', commit: index - 1 },
    entries: [{ term: 1, index, data }],
  }
}

function save(wal: Wal, ...saves: Init<WalSave>[]): Promise<void> {
  return new Promise((resolve, reject) =>
    wal.save(saves, false, (error) => (error ? reject(error) : resolve())),
  )
}

async function write(config: WalConfig, count: number): Promise<void> {
  const wal = Wal.create(config, metadata)
  for (let index = 1; index <= count; index++) await save(wal, entry(index))
  wal.close()
}

function reopen(config: WalConfig): { indexes: number[]; tornBytes: number } {
  const { wal, content } = Wal.open(config)
  wal.close()
  const indexes = content.saves.flatMap(({ entries }) => entries.map(({ index }) => index))
  return { indexes, tornBytes: content.tornBytes }
}

function segments({ directory }: WalConfig): string[] {
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name))
}

/** Where each record begins, and at last where the records end and the zeros begin. */
function offsetsIn(bytes: Buffer): number[] {
  const offsets = [0]
  for (let at = 0; at < bytes.length && bytes.readUInt32LE(at) !== 0;) {
    at += 9 + bytes.readUInt32LE(at)
    offsets.push(at)
  }
  return offsets
}

t.test('what was saved is there again, with who it belongs to', async (t) => {
  const config = configIn(t)
  await write(config, 5)
  const { wal, content } = Wal.open(config)
  t.same(content.metadata.clusterId, metadata.clusterId)
  t.same(content.saves.at(-1)?.hardState, { term: 1, vote: 'a', commit: 4 })
  t.equal(Buffer.from(content.saves[2]!.entries[0]!.data).toString(), 'entry 3')
  await save(wal, entry(6), entry(7))
  wal.close()
  t.same(reopen(config).indexes, [1, 2, 3, 4, 5, 6, 7])
})

t.test('a write that was torn anywhere is cut off, and what was before it stays', async (t) => {
  const config = configIn(t)
  await write(config, 4)
  const [file] = segments(config) as [string]
  const longer = readFileSync(file)
  const [start, end] = offsetsIn(longer).slice(-2) as [number, number]
  for (let length = start; length < end; length++) {
    // What is torn off was zero before, or the file was as short as that.
    const cases = [longer.subarray(0, length), Buffer.from(longer).fill(0, length)]
    for (const bytes of cases) {
      writeFileSync(file, bytes)
      const { indexes, tornBytes } = reopen(config)
      t.same(indexes, [1, 2, 3])
      t.ok(tornBytes <= length - start, 'zeros may be room as well as what was torn')
      const left = readFileSync(file).subarray(start)
      t.ok(
        left.every((byte) => byte === 0),
        'the torn part is gone from the file',
      )
    }
  }
})

t.test('a torn write whose later pages arrived without the first is cut off too', async (t) => {
  const config = configIn(t)
  await write(config, 3)
  const [file] = segments(config) as [string]
  const before = offsetsIn(readFileSync(file)).at(-1)!
  const wal = Wal.open(config).wal
  await save(wal, entry(4), entry(5))
  wal.close()
  const bytes = readFileSync(file)
  bytes.fill(0, before, before + 20)
  writeFileSync(file, bytes)
  t.same(reopen(config).indexes, [1, 2, 3])
})

t.test('a damaged byte in the middle is refused with file, offset and the way back', async (t) => {
  const config = configIn(t)
  await write(config, 4)
  const [file] = segments(config) as [string]
  const good = readFileSync(file)
  const [start, end] = offsetsIn(good).slice(-3) as [number, number]
  // Each byte of the record that is the second from the end: length, checksum, kind, contents.
  for (let at = start; at < end; at++) {
    const bytes = Buffer.from(good)
    bytes[at]! ^= 0x10
    writeFileSync(file, bytes)
    t.throws(() => reopen(config), {
      name: 'DataDirError',
      message: new RegExp(`${file} is corrupt at offset ${start}.*restore`),
    })
    t.same(readFileSync(file), bytes, 'nothing was changed')
  }
})

t.test('small writes overwrite zeros that an earlier one put there', async (t) => {
  const config = configIn(t)
  const sizes: number[] = []
  const disk: Disk = {
    ...systemDisk,
    write(fd, bytes, position, done) {
      sizes.push(bytes.length)
      systemDisk.write(fd, bytes, position, done)
    },
  }
  const wal = Wal.create({ ...config, disk }, metadata)
  for (let index = 1; index <= 5; index++) await save(wal, entry(index))
  wal.close()
  t.ok(sizes[0]! > 100_000, 'the first makes room')
  t.ok(
    sizes.slice(1).every((size) => size < 100),
    'the others find it',
  )
  const again = Wal.open({ ...config, disk }).wal
  await save(again, entry(6))
  again.close()
  t.ok(sizes.at(-1)! < 100, 'after a restart too')
  t.same(reopen(config), { indexes: [1, 2, 3, 4, 5, 6], tornBytes: 0 })
})

t.test('a log of format 1 is written on as it was, and followed by one of format 2', async (t) => {
  const config = configIn(t, 400)
  const { file } = foundFormat1(config)
  const { wal } = Wal.open(config)
  await save(wal, entry(1))
  t.ok(statSync(file).size < 400, 'no zeros, which the older version would take for a torn write')
  for (let index = 2; index <= 20; index++) await save(wal, entry(index))
  wal.close()
  t.equal(reopen(config).indexes.length, 20)
  t.ok(statSync(segments(config)[1]!).size > 100_000)
})

t.test('a segment that was being begun when the power went is begun again', async (t) => {
  const config = configIn(t)
  await write(config, 20)
  const [first] = segments(config) as [string]
  const begun = join(config.directory, segmentName(1, 20))
  writeFileSync(begun, readFileSync(first).subarray(0, 5))
  t.equal(reopen(config).indexes.at(-1), 20)
  t.same(segments(config), [first])
  const { wal } = Wal.open(config)
  await save(wal, entry(21))
  wal.close()
  t.equal(reopen(config).indexes.at(-1), 21)
})

t.test('damage in an older segment is never taken for a torn write', async (t) => {
  const config = configIn(t, 200)
  await write(config, 20)
  const files = segments(config)
  t.ok(files.length > 2)
  const good = readFileSync(files[0]!)
  const [start, end] = offsetsIn(good).slice(-2) as [number, number]
  writeFileSync(files[0]!, good.subarray(0, end - 1))
  t.throws(() => reopen(config), DataDirError)
  writeFileSync(files[0]!, Buffer.from(good).fill(0, start, end))
  t.throws(() => reopen(config), new RegExp(`corrupt at offset ${start}`), 'zeros instead')
})

t.test('segments follow one another and go when a snapshot has what is in them', async (t) => {
  const config = configIn(t, 200)
  await write(config, 20)
  const { wal } = Wal.open(config)
  const before = segments(config).length
  t.ok(wal.purge(10).length > 0)
  wal.close()
  t.ok(segments(config).length < before)
  const { indexes } = reopen(config)
  t.ok(indexes[0]! <= 11, 'entry 11 and all after it are there')
  t.equal(indexes.at(-1), 20)
})

t.test('a log that was being founded when the power went is founded again', async (t) => {
  const config = configIn(t)
  t.notOk(Wal.exists(config.directory, systemDisk))
  Wal.create(config, metadata).close()
  const [file] = segments(config) as [string]
  appendFileSync(file, 'torn')
  t.same(reopen(config), { indexes: [], tornBytes: 4 })
})

t.test('a log of a later format is refused by name', async (t) => {
  const config = configIn(t)
  await write(config, 1)
  const [file] = segments(config) as [string]
  const payload = encodeMessage(WalMetadata, { ...metadata, format: 99 })
  writeFileSync(file, encodeRecord(1, payload, 0).bytes)
  t.throws(() => reopen(config), /has format 99, which this version of kemu does not read/)
})

function foundFormat1({ directory }: WalConfig): { file: string } {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, segmentName(0, 0))
  const payload = encodeMessage(WalMetadata, { ...metadata, format: 1 })
  writeFileSync(file, encodeRecord(recordKinds.metadata, payload, 0).bytes)
  return { file }
}

t.test('both ways to compute a checksum agree', (t) => {
  const bytes = Buffer.from('the quick brown fox')
  t.equal(tableCrc32(bytes, 0), crc32(bytes, 0))
  t.equal(tableCrc32(bytes, 1234), crc32(bytes, 1234))
  t.equal(tableCrc32(Buffer.from('123456789'), 0), 0xcbf4_3926, 'the check value of CRC-32')
  t.end()
})

t.test('a purge leaves the vote and the snapshot that it is made for', async (t) => {
  // Every record fills its segment, also that of the snapshot; found by the simulation.
  const config = configIn(t, 1)
  const wal = Wal.create(config, metadata)
  await save(wal, { ...entry(1), hardState: { term: 7, vote: 'b', commit: 0 } })
  await save(wal, { entries: [{ term: 7, index: 2 }] })
  await save(wal, { snapshot: { index: 2, term: 7, confState: { voters: ['a'] } } })
  t.ok(wal.purge(2).length > 0)
  wal.close()
  const { wal: again, content } = Wal.open(config)
  again.close()
  t.match(content.saves.findLast(({ snapshot }) => snapshot)?.snapshot, { index: 2, term: 7 })
  t.match(content.saves.findLast(({ hardState }) => hardState)?.hardState, { term: 7, vote: 'b' })
})

t.test(
  'a segment of which only the beginning of its head is there counts as not begun',
  async (t) => {
    const config = configIn(t, 1)
    const wal = Wal.create(config, metadata)
    await save(wal, entry(1))
    await save(wal, entry(2))
    wal.close()
    const newest = segments(config).at(-1)!
    truncateSync(newest, statSync(newest).size - 3)
    t.same(reopen(config).indexes, [1, 2])
    t.notOk(segments(config).includes(newest))
  },
)
