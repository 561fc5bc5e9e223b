import { join } from 'node:path'
import t from 'tap'
import { forgetfulDisk } from './forgetful-disk.ts'
import { temporaryDirectory } from './test-member.ts'

t.test('what was synced outlives the process, what was not does not', async (t) => {
  const directory = temporaryDirectory(t)
  const at = (name: string): string => join(directory, name)
  const disk = forgetfulDisk(false)
  const log = disk.openLog(at('log'))
  disk.writeNow(log, Buffer.from('written'), 0)
  t.same(disk.list(directory), ['log'], 'the process sees its file')
  t.same(forgetfulDisk(false).list(directory), [], 'a later one does not: the name was not synced')
  disk.syncDirectory(directory)
  t.same(String(forgetfulDisk(false).read(at('log'))), 'written')
  disk.truncateOpen(log, 2)
  t.same(String(forgetfulDisk(false).read(at('log'))), 'written', 'a length that was not synced')
  disk.writeNow(log, Buffer.from('X'), 2)
  t.same(String(forgetfulDisk(false).read(at('log'))), 'wrX')
  disk.remove(at('log'))
  t.same([disk.list(directory), forgetfulDisk(false).list(directory)], [[], ['log']])
  disk.syncDirectory(directory)
  t.same(forgetfulDisk(false).list(directory), [])
  disk.close(log)
})

t.test('contents and name of a new file are synced one by one', async (t) => {
  const directory = temporaryDirectory(t)
  const at = (name: string): string => join(directory, name)
  const disk = forgetfulDisk(false)
  const file = await disk.create(at('new.tmp'))
  await file.write(Buffer.from('contents'))
  disk.rename(at('new.tmp'), at('new'))
  disk.syncDirectory(directory)
  t.same(String(forgetfulDisk(false).read(at('new'))), '', 'the name alone was synced')
  await file.datasync()
  t.same(String(forgetfulDisk(false).read(at('new'))), 'contents')
  await file.close()
})

t.test('a disk that lies keeps nothing', (t) => {
  const directory = temporaryDirectory(t)
  const disk = forgetfulDisk(true)
  const log = disk.openLog(join(directory, 'log'))
  disk.syncDirectory(directory)
  disk.writeNow(log, Buffer.from('head'), 0)
  disk.writeNow(log, Buffer.from('lost'), 4)
  t.same(String(forgetfulDisk(false).read(join(directory, 'log'))), 'head')
  disk.close(log)
  t.end()
})
