import type { Clock } from '@kemu/base'
import { systemClock } from '@kemu/base'
import fc from 'fast-check'
import t from 'tap'
import type { CommandContext } from './command.ts'
import { Database } from './database.ts'
import { execute } from './execute.ts'
import { encodeReply } from './reply.ts'
import { RequestReader } from './request-reader.ts'

let now = 1000
const clock: Clock = { ...systemClock, now: () => now }
const context = (): CommandContext => ({
  database: new Database(clock),
  version: '7.4',
  startedAtMs: 0,
})
const session = (): ((line: string) => string) => {
  const own = context()
  return (line) => encodeReply(execute(own, line.split(' ')))
}

void t.test('strings, counters and their errors', (t) => {
  const run = session()
  t.equal(run('SET a 1'), '+OK\r\n')
  t.equal(run('INCRBY a 41'), ':42\r\n')
  t.equal(run('GET a'), '$2\r\n42\r\n')
  t.equal(run('SET a x NX'), '$-1\r\n')
  t.equal(run('SET a word GET'), '$2\r\n42\r\n')
  t.equal(run('INCR a'), '-ERR value is not an integer or out of range\r\n')
  t.equal(
    run('LPUSH a x'),
    '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  )
  t.equal(run('GET'), "-ERR wrong number of arguments for 'get' command\r\n")
  t.match(run('NOPE x'), /^-ERR unknown command 'NOPE', with args beginning with: 'x'/)
  t.end()
})

void t.test('a key is gone when its time is over', (t) => {
  const run = session()
  run('SET a 1 EX 10')
  t.equal(run('TTL a'), ':10\r\n')
  now += 10_000
  t.equal(run('GET a'), '$-1\r\n')
  t.equal(run('TTL a'), ':-2\r\n')
  t.end()
})

void t.test('lists, hashes and sets; an empty one does not exist', (t) => {
  const run = session()
  t.equal(run('RPUSH l a b c'), ':3\r\n')
  t.equal(run('LRANGE l 0 -2'), '*2\r\n$1\r\na\r\n$1\r\nb\r\n')
  t.equal(run('LPOP l 5'), '*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n')
  t.equal(run('EXISTS l'), ':0\r\n')
  t.equal(run('HSET h f 1 g 2'), ':2\r\n')
  t.equal(run('HGETALL h'), '*4\r\n$1\r\nf\r\n$1\r\n1\r\n$1\r\ng\r\n$1\r\n2\r\n')
  t.equal(run('SADD s x x y'), ':2\r\n')
  t.equal(run('KEYS ?'), '*2\r\n$1\r\nh\r\n$1\r\ns\r\n')
  t.end()
})

void t.test('commands are read whatever the pieces they come in', (t) => {
  const word = fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' })
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 30 }),
      (commands, piece) => {
        const sent = commands
          .map(
            (words) =>
              `*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join('')}`,
          )
          .join('')
        const reader = new RequestReader()
        const read: string[][] = []
        for (let at = 0; at < sent.length; at += piece)
          read.push(...reader.push(Buffer.from(sent.slice(at, at + piece), 'latin1')))
        t.same(read, commands)
      },
    ),
    { numRuns: 60 },
  )
  t.end()
})
