import {
  appendFileSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@kemu/base'
import type { Init } from '@kemu/rpc/protobuf'
import type { WalSave } from '@kemu/rpc/raft-codec'
import t from 'tap'
import { temporaryDirectory } from '../testing/test-member.ts'
import { crc32, tableCrc32 } from './crc32.ts'
import { systemDisk } from './disk.ts'
import { DataDirError } from './errors.ts'
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
  await write(config, 3)
  const [file] = segments(config) as [string]
  const whole = readFileSync(file)
  const wal = Wal.open(config).wal
  await save(wal, entry(4))
  wal.close()
  const longer = readFileSync(file)
  for (let length = whole.length; length < longer.length; length++) {
    writeFileSync(file, longer.subarray(0, length))
    const found = reopen(config)
    t.same(found, { indexes: [1, 2, 3], tornBytes: length - whole.length })
    t.equal(statSync(file).size, whole.length, 'the torn part is gone from the file')
  }
})

t.test('a torn write whose later pages arrived without the first is cut off too', async (t) => {
  const config = configIn(t)
  await write(config, 3)
  const [file] = segments(config) as [string]
  const before = statSync(file).size
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
  const sizes: number[] = []
  for (let at = 0; at < good.length; at += 9 + good.readUInt32LE(at)) sizes.push(at)
  // Each byte of the record that is the second from the end: length, checksum, kind, contents.
  for (let at = sizes.at(-2)!; at < sizes.at(-1)!; at++) {
    const bytes = Buffer.from(good)
    bytes[at]! ^= 0x10
    writeFileSync(file, bytes)
    t.throws(() => reopen(config), {
      name: 'DataDirError',
      message: new RegExp(`${file} is corrupt at offset ${sizes.at(-2)}.*restore`),
    })
    t.same(readFileSync(file), bytes, 'nothing was changed')
  }
})

t.test('damage in an older segment is never taken for a torn write', async (t) => {
  const config = configIn(t, 200)
  await write(config, 20)
  const files = segments(config)
  t.ok(files.length > 2)
  truncateSync(files[0]!, statSync(files[0]!).size - 1)
  t.throws(() => reopen(config), DataDirError)
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
  const { encodeMessage } = await import('@kemu/rpc/protobuf')
  const { WalMetadata } = await import('@kemu/rpc/raft-codec')
  const { encodeRecord } = await import('./record.ts')
  const [file] = segments(config) as [string]
  const payload = encodeMessage(WalMetadata, { ...metadata, format: 99 })
  writeFileSync(file, encodeRecord(1, payload, 0).bytes)
  t.throws(() => reopen(config), /has format 99, which this version of kemu does not read/)
})

t.test('both ways to compute a checksum agree', (t) => {
  const bytes = Buffer.from('the quick brown fox')
  t.equal(tableCrc32(bytes, 0), crc32(bytes, 0))
  t.equal(tableCrc32(bytes, 1234), crc32(bytes, 1234))
  t.equal(tableCrc32(Buffer.from('123456789'), 0), 0xcbf4_3926, 'the check value of CRC-32')
  t.end()
})
