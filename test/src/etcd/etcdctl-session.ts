import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { formats } from './etcdctl.ts'
import type { Etcdctl } from './etcdctl.ts'
import { users } from './etcdctl-users-session.ts'

/** Every command of etcdctl but those about members, on a cluster of one. */
export async function playSession(ctl: Etcdctl, place: SessionPlace): Promise<void> {
  await keys(ctl)
  await ranges(ctl)
  await deletions(ctl)
  await transactions(ctl)
  await leases(ctl)
  await watches(ctl)
  await compaction(ctl)
  // Before there are keys with leases, whose ids are part of the hash.
  await maintenance(ctl, place)
  await locks(ctl)
  await elections(ctl)
  await mirror(ctl, place)
  await users(ctl)
}

export interface SessionPlace {
  readonly directory: string
  /** Another cluster of the same kind, for make-mirror. */
  readonly other: string
}

async function keys(ctl: Etcdctl): Promise<void> {
  await ctl.run('version')
  for (const w of formats) {
    await ctl.run(`put key-${w} one -w ${w}`)
    await ctl.run(`put key-${w} two --prev-kv -w ${w}`)
    await ctl.run(`get key-${w} -w ${w}`)
    await ctl.run(`get absent -w ${w}`)
  }
  await ctl.run('put from-stdin', { input: 'read from the standard input' })
  await ctl.run('get from-stdin --print-value-only')
  await ctl.run('get from-stdin --hex')
  await ctl.run('get from-stdin --hex -w json')
  await ctl.run('put absent --ignore-value')
  await ctl.run('put absent value --ignore-lease')
  await ctl.run('put key-json --ignore-value')
  await ctl.run('put key-json value --ignore-value')
  await ctl.run(['put', '', 'value'])
  await ctl.run(['put', 'empty', ''])
  await ctl.run('get empty')
  await ctl.run('put key-json value --lease=1234567890abcdef')
  await ctl.run('put')
  await ctl.run('get')
  await ctl.run(['get', ''])
  const large = 'x'.repeat(1_600_000)
  await ctl.run('put large', { input: large })
}

async function ranges(ctl: Etcdctl): Promise<void> {
  for (const [i, value] of ['c', 'a', 'd', 'b'].entries()) await ctl.run(`put r${i + 1} ${value}`)
  await ctl.run('put r2 a2')
  for (const w of formats) await ctl.run(`get r --prefix -w ${w}`)
  await ctl.run('get r1 r3')
  await ctl.run('get r3 r1')
  await ctl.run('get r3 --from-key --limit=3')
  await ctl.run('get r --prefix --limit=2 -w json')
  await ctl.run('get r --prefix --count-only')
  for (const w of ['json', 'fields'] as const) {
    await ctl.run(`get r --prefix --count-only -w ${w}`)
  }
  await ctl.run('get r --prefix --keys-only')
  await ctl.run('get r --prefix --keys-only -w json')
  for (const target of ['CREATE', 'KEY', 'MODIFY', 'VALUE', 'VERSION']) {
    await ctl.run(`get r --prefix --sort-by=${target}`)
    await ctl.run(`get r --prefix --sort-by=${target} --order=DESCEND`)
    await ctl.run(`get r --prefix --sort-by=${target} --order=ASCEND --limit=2`)
  }
  await ctl.run('get r --prefix --sort-by=NOTHING')
  const { header } = JSON.parse(await ctl.run('get r --prefix -w json')) as {
    header: { revision: number }
  }
  const now = header.revision
  for (const bound of ['min-mod-rev', 'max-mod-rev', 'min-create-rev', 'max-create-rev']) {
    await ctl.run(`get r --prefix -w json --${bound}=${now - 2}`)
  }
  await ctl.run(`get r --prefix --rev=${now - 1}`)
  await ctl.run(`get r --prefix --rev=${now + 1}`)
  await ctl.run('get r1 --consistency=s')
  await ctl.run('get r1 --consistency=wrong')
  await ctl.run(['get', '', '--from-key', '--keys-only'])
  await ctl.run(['get', '', '--prefix', '--count-only', '-w', 'fields'])
}

async function deletions(ctl: Etcdctl): Promise<void> {
  for (const w of formats) {
    await ctl.quietly(`put d-${w} value`)
    await ctl.run(`del d-${w} --prev-kv -w ${w}`)
  }
  await ctl.run('del absent')
  for (const key of ['d1', 'd2', 'd3', 'd4']) await ctl.quietly(`put ${key} ${key}`)
  await ctl.run('del d1 d2')
  await ctl.run('del d4 --from-key --prev-kv --range')
  await ctl.run('del d --prefix --prev-kv')
  await ctl.run(['del', ''])
}

async function transactions(ctl: Etcdctl): Promise<void> {
  await ctl.run('put t1 one')
  const txn = (input: string, ...flags: readonly string[]): Promise<string> =>
    ctl.run(['txn', ...flags], { input })
  for (const w of ['simple', 'json', 'fields'] as const) {
    await txn('value("t1") = "one"\n\nput t2 two\nget t1\n\nput t3 never\n\n', '-w', w)
    await txn('value("t1") > "z"\n\nput t2 two\n\nget t2\ndel t2\n\n', '-w', w)
  }
  for (const compare of [
    'mod("t1") > "1"',
    'create("t1") = "0"',
    'create("absent") = "0"',
    'version("t1") < "2"',
    'ver("t1") = "1"',
    'c("t1") > "0"',
    'value("absent") = ""',
    'mod("absent") = "0"',
    'val("t1") != "one"',
  ]) {
    await txn(`${compare}\n\nget t1\n\nget absent\n\n`)
  }
  await txn('\nput t5 a\nput t5 b\n\n\n')
  await txn('\nput t6 a\ndel t --prefix\n\n\n')
  await txn('\nput t6 a\nget t6\ndel t1\n\n\n', '-w', 'json')
  const many = Array.from({ length: 129 }, (_, i) => `put many${i} x`).join('\n')
  await txn(`\n${many}\n\n\n`)
  await txn('version("t1") = "1"\n\nput t7 x\n\n\n', '--interactive')
}

async function leases(ctl: Etcdctl): Promise<void> {
  const grant = async (w: string): Promise<string> => {
    const text = await ctl.run(`lease grant 600 -w ${w}`)
    const id = /lease (\w+) granted/.exec(text)?.[1]
    return id ?? BigInt(/(?:"ID":|"ID" : )(\d+)/.exec(text)![1]!).toString(16)
  }
  for (const w of ['simple', 'json', 'fields'] as const) {
    const id = await grant(w)
    await ctl.run(`put leased ${w} --lease=${id}`)
    await ctl.run('get leased -w json')
    await ctl.run(`lease timetolive ${id} -w ${w}`)
    await ctl.run(`lease timetolive ${id} --keys -w ${w}`)
    await ctl.run(`lease list -w ${w}`)
    await ctl.run(`lease keep-alive ${id} --once -w ${w}`)
    await ctl.run('put leased again --ignore-lease')
    await ctl.run(`lease revoke ${id} -w ${w}`)
    await ctl.run('get leased --prefix')
    await ctl.run(`lease revoke ${id}`)
    await ctl.run(`lease timetolive ${id} -w ${w}`)
    await ctl.run(`lease keep-alive ${id} --once`)
  }
  await ctl.run('lease list')
  await ctl.run('lease grant 99999999999')
  await ctl.run('lease grant text')
  await ctl.run('lease revoke xyz')
  const short = await grant('simple')
  await ctl.run(`put detached x --lease=${short}`)
  await ctl.run('put detached y')
  await ctl.run(`lease revoke ${short}`)
  await ctl.run('get detached')
  // Its second may be over before the put comes; then another one is made, which no revision tells of.
  const expiring = await eventually('a lease is given a key', async () => {
    const [, id] = /lease (\w+)/.exec(await ctl.quietly('lease grant 1'))!
    await ctl.quietly(`put expiring x --lease=${id}`)
    return id
  })
  await eventually('the lease is over', async () =>
    (await ctl.quietly('get expiring')) === '' ? true : undefined,
  )
  await ctl.run(`lease timetolive ${expiring}`)
}

async function watches(ctl: Etcdctl): Promise<void> {
  const { header } = JSON.parse(await ctl.quietly('get w -w json')) as {
    header: { revision: number }
  }
  const start = header.revision + 1
  await ctl.quietly('put w1 a')
  await ctl.quietly('put w2 b')
  await ctl.quietly('put w1 c')
  await ctl.quietly('del w2')
  for (const w of ['simple', 'json', 'fields'] as const) {
    const watch = ctl.start(`watch w --prefix --rev=${start} --prev-kv -w ${w}`)
    await watch.shows(w === 'json' ? /"type":1|"type":"DELETE"/ : /DELETE/)
    await watch.stop()
  }
  const filtered = ctl.start(`watch w1 w3 --rev=${start + 1}`)
  await filtered.shows('DELETE')
  await filtered.stop()
  // Progress is told of a watch that stands: what is written then is seen live.
  const live = ctl.start('watch -i', { input: 'watch live --prefix\nprogress\n' })
  await live.shows('progress notify')
  await ctl.quietly('put unseen x')
  await ctl.quietly('put live-first x')
  await live.shows('live-first\nx\n')
  await live.stop()
  const interactive = ctl.start('watch -i', { input: `watch w1 --rev=${start}\n` })
  await interactive.shows(/c\n$/)
  await interactive.stop()
  const executing = ctl.start([
    'watch',
    `--rev=${start}`,
    'w1',
    '--',
    'sh',
    '-c',
    'echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE',
  ])
  await executing.shows('"PUT" "w1" "c"')
  await executing.stop()
  const progress = ctl.start('watch -i', { input: 'watch w9\nprogress\n' })
  await progress.shows('progress notify')
  await progress.stop()
}

async function compaction(ctl: Etcdctl): Promise<void> {
  const { header } = JSON.parse(await ctl.quietly('get w -w json')) as {
    header: { revision: number }
  }
  const now = header.revision
  await ctl.run(`compaction ${now}`)
  await ctl.run(`compaction ${now}`)
  await ctl.run(`compact ${now + 100}`)
  await ctl.run('compaction text')
  await ctl.run('compaction 0')
  await ctl.run(`get w1 --rev=${now - 1}`)
  await ctl.run(`watch w1 --rev=${now - 1}`)
  await ctl.quietly('put w1 e')
  await ctl.run(`compaction ${now + 1} --physical`)
  await ctl.run('endpoint hashkv')
}

async function locks(ctl: Etcdctl): Promise<void> {
  await ctl.run(['lock', 'exec', 'sh', '-c', 'echo held by $ETCD_LOCK_KEY'])
  await ctl.run(['lock', 'exec', '--', 'sh', '-c', 'exit 3'])
  const first = ctl.start('lock room')
  await first.shows('room/')
  const second = ctl.start('lock room --ttl=30')
  await eventually('the second one waits', async () =>
    (await ctl.quietly('get room --prefix --keys-only')).split('room/').length === 3
      ? true
      : undefined,
  )
  await first.stop()
  await second.shows('room/')
  await second.stop()
  await ctl.run('get room --prefix')
}

async function elections(ctl: Etcdctl): Promise<void> {
  const one = ctl.start('elect office one')
  await one.shows('one')
  const listener = ctl.start('elect --listen office')
  await listener.shows('one')
  const two = ctl.start('elect office two')
  await eventually('the second one runs', async () =>
    (await ctl.quietly('get office --prefix --keys-only')).split('office/').length === 3
      ? true
      : undefined,
  )
  await one.stop()
  await two.shows('two')
  await listener.shows('two')
  await listener.stop()
  await two.stop()
  await ctl.run('get office --prefix')
}

async function maintenance(ctl: Etcdctl, { directory }: SessionPlace): Promise<void> {
  for (const w of formats) {
    await ctl.run(`endpoint health -w ${w}`)
    await ctl.run(`endpoint status -w ${w}`)
    await ctl.run(`endpoint hashkv -w ${w}`)
    await ctl.run(`member list -w ${w}`)
    await ctl.run(`endpoint health --cluster -w ${w}`)
  }
  await ctl.run('endpoint health', { endpoints: 'http://127.0.0.1:1', patience: '2s' })
  for (const w of ['simple', 'json'] as const) {
    await ctl.run(`alarm list -w ${w}`)
    await ctl.run(`alarm disarm -w ${w}`)
  }
  await ctl.run('defrag')
  await ctl.run('move-leader 1234567890abcdef')
  await ctl.run(`snapshot save ${join(directory, 'saved.db')}`)
  await ctl.run('downgrade validate 3.5')
  await ctl.run('downgrade validate 3.1')
  await ctl.run('downgrade validate text')
  await ctl.run('downgrade cancel')
}

async function mirror(ctl: Etcdctl, { other }: SessionPlace): Promise<void> {
  await ctl.quietly('put mirrored-1 a')
  const mirroring = ctl.start(`make-mirror ${other} --prefix mirrored --dest-prefix copied`)
  const read = (): Promise<string> => ctl.quietly('get copied --prefix', { endpoints: other })
  await eventually('what was there is copied', async () =>
    (await read()).includes('copied-1') ? true : undefined,
  )
  await ctl.quietly('put mirrored-2 b')
  await ctl.quietly('del mirrored-1')
  await eventually('what comes is copied', async () =>
    (await read()) === 'copied-2\nb\n' ? true : undefined,
  )
  await mirroring.stop()
  await ctl.run('get copied --prefix', { endpoints: other })
}
