import { KVService } from '@kemu/rpc/etcd-codec'
import { sleep, systemClock } from '@kemu/base'
import type { LogFields, Logger } from '@kemu/base'
import t from 'tap'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'
import { systemDisk } from './wal/disk.ts'
import type { Disk } from './wal/disk.ts'

/** A disk that can be filled up; what does not fit is written in part, as a real one does. */
function fillableDisk(): Disk & { isFull: boolean } {
  const full = (): NodeJS.ErrnoException =>
    Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  return {
    ...systemDisk,
    isFull: false,
    write(fd, bytes, position, done) {
      if (!this.isFull) return systemDisk.write(fd, bytes, position, done)
      systemDisk.write(fd, bytes.subarray(0, 5), position, () => done(full()))
    },
    writeNow(fd, bytes, position) {
      if (!this.isFull) return systemDisk.writeNow(fd, bytes, position)
      systemDisk.writeNow(fd, bytes.subarray(0, 5), position)
      throw full()
    },
  }
}

class MemoryLogger implements Logger {
  readonly lines: string[] = []
  debug = (): void => {}
  info = (message: string): void => void this.lines.push(message)
  warn = (message: string): void => void this.lines.push(message)
  error = (message: string, _fields?: LogFields): void => void this.lines.push(message)
  child = (): Logger => this
}

t.test(
  'a full disk refuses writes with a clear word, loses nothing, and is got over',
  async (t) => {
    const disk = fillableDisk()
    const logger = new MemoryLogger()
    const directory = temporaryDirectory(t)
    const member = await startTestMember(t, {
      directory,
      deps: { disk, logger },
    })
    const { channel, server } = member
    const put = (key: string) => channel.unary(KVService.Put, { key, value: 'v' })
    const keys = async (): Promise<string[]> => {
      const { kvs } = await channel.unary(KVService.Range, { key: 'a', rangeEnd: 'z' })
      return kvs.map(({ key }) => key)
    }
    await put('a')
    disk.isFull = true
    const waiting = put('b')
    while (!server.member.host.isDiskFull) await sleep(systemClock, 5)
    t.match(logger.lines.at(-1), /No space left on the disk of the data directory/)
    const noSpace = { code: 8, message: 'etcdserver: mvcc: database space exceeded' }
    await t.rejects(put('c'), noSpace)
    t.same(await keys(), ['a'], 'what was acknowledged can be read')
    disk.isFull = false
    await waiting
    await put('d')
    t.same(await keys(), ['a', 'b', 'd'])
    t.match(logger.lines.at(-1), /has space again/)
    await member.stop()
    const again = await startTestMember(t, { directory })
    const { kvs } = await again.channel.unary(KVService.Range, { key: 'a', rangeEnd: 'z' })
    t.same(
      kvs.map(({ key }) => key),
      ['a', 'b', 'd'],
      'and is there after a restart',
    )
  },
)
