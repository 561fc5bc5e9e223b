import type { Command, CommandContext } from './command.ts'
import { parseInteger } from './command.ts'
import { bulk, failure, integer, list, ok } from './reply.ts'
import type { Reply } from './reply.ts'

const count = (keys: readonly string[], test: (key: string) => boolean): Reply =>
  integer(keys.filter(test).length)

const expire =
  (unitMs: number) =>
  ({ database }: CommandContext, [key, amount]: readonly string[]): Reply =>
    integer(database.expireAt(key!, database.now() + parseInteger(amount!) * unitMs) ? 1 : 0)

const left =
  (unitMs: number) =>
  ({ database }: CommandContext, [key]: readonly string[]): Reply => {
    const ms = database.leftMs(key!)
    return integer(ms < 0 ? ms : Math.ceil(ms / unitMs))
  }

export const keyCommands: Readonly<Record<string, Command>> = {
  del: { arity: -2, run: ({ database }, keys) => count(keys, (key) => database.delete(key)) },
  unlink: { arity: -2, run: ({ database }, keys) => count(keys, (key) => database.delete(key)) },
  exists: { arity: -2, run: ({ database }, keys) => count(keys, (key) => database.has(key)) },
  type: {
    arity: 2,
    run: ({ database }, [key]) => ({ kind: 'status', text: database.typeOf(key!) ?? 'none' }),
  },
  keys: {
    arity: 2,
    run: ({ database }, [pattern]) => list(database.keys().filter(globTest(pattern!))),
  },
  scan: {
    arity: -2,
    run: ({ database }, [, ...options]) => {
      const at = options.findIndex((word) => word.toUpperCase() === 'MATCH')
      const matches = globTest(at < 0 ? '*' : (options[at + 1] ?? '*'))
      return { kind: 'array', items: [bulk('0'), list(database.keys().filter(matches))] }
    },
  },
  expire: { arity: 3, run: expire(1000) },
  pexpire: { arity: 3, run: expire(1) },
  ttl: { arity: 2, run: left(1000) },
  pttl: { arity: 2, run: left(1) },
  persist: {
    arity: 2,
    run: ({ database }, [key]) =>
      integer(database.leftMs(key!) >= 0 && database.expireAt(key!, undefined) ? 1 : 0),
  },
  dbsize: { arity: 1, run: ({ database }) => integer(database.keys().length) },
  flushall: { arity: -1, run: ({ database }) => flush(database) },
  flushdb: { arity: -1, run: ({ database }) => flush(database) },
}

function flush(database: CommandContext['database']): Reply {
  database.clear()
  return ok
}

/** Redis' patterns: `*`, `?` and `[...]`. */
function globTest(pattern: string): (text: string) => boolean {
  const source = pattern.replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
  const expression = new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
  return (text) => expression.test(text)
}

export const connectionCommands: Readonly<Record<string, Command>> = {
  ping: {
    arity: -1,
    run: (_context, [text]) => (text === undefined ? { kind: 'status', text: 'PONG' } : bulk(text)),
  },
  echo: { arity: 2, run: (_context, [text]) => bulk(text) },
  select: {
    arity: 2,
    run: (_context, [index]) => (index === '0' ? ok : failure('ERR DB index is out of range')),
  },
  client: { arity: -2, run: () => ok },
  command: { arity: -1, run: () => ({ kind: 'array', items: [] }) },
  config: {
    arity: -2,
    run: (_context, [verb = '', name = '']) =>
      verb.toLowerCase() === 'get'
        ? list(name === 'save' || name === 'appendonly' ? [name, name === 'save' ? '' : 'no'] : [])
        : failure('ERR CONFIG SET is not emulated'),
  },
  info: {
    arity: -1,
    run: ({ version, database, startedAtMs }) =>
      bulk(
        `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\n` +
          `uptime_in_seconds:${Math.floor((database.now() - startedAtMs) / 1000)}\r\n` +
          `# Replication\r\nrole:master\r\nconnected_slaves:0\r\n` +
          `# Keyspace\r\ndb0:keys=${database.keys().length},expires=0,avg_ttl=0\r\n`,
      ),
  },
}
