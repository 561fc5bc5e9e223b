import type { Command } from './command.ts'
import { parseInteger } from './command.ts'
import type { Database } from './database.ts'
import { bulk, integer, list } from './reply.ts'

const listOf = (database: Database, key: string): readonly string[] =>
  database.get(key, 'list')?.items ?? []
const fieldsOf = (database: Database, key: string): ReadonlyMap<string, string> =>
  database.get(key, 'hash')?.fields ?? new Map()
const membersOf = (database: Database, key: string): ReadonlySet<string> =>
  database.get(key, 'set')?.members ?? new Set()

function pop(database: Database, [key = '', count]: readonly string[], end: 'left' | 'right') {
  const items = database.get(key, 'list')?.items
  const take = (): string | undefined => (end === 'left' ? items?.shift() : items?.pop())
  const taken =
    count === undefined
      ? [take()]
      : Array.from({ length: Math.min(parseInteger(count), items?.length ?? 0) }, take)
  database.deleteIfEmpty(key)
  return count === undefined ? bulk(taken[0]) : list(taken)
}

function push(database: Database, [key = '', ...texts]: readonly string[], end: 'left' | 'right') {
  const { items } = database.make(key, 'list', { type: 'list', items: [] })
  for (const text of texts) {
    if (end === 'left') items.unshift(text)
    else items.push(text)
  }
  return integer(items.length)
}

/** Both ends count and may be negative: from the end. */
function range(items: readonly string[], start: number, stop: number): string[] {
  const from = start < 0 ? Math.max(0, items.length + start) : start
  const to = stop < 0 ? items.length + stop : stop
  return items.slice(from, to + 1)
}

export const collectionCommands: Readonly<Record<string, Command>> = {
  lpush: { arity: -3, run: ({ database }, args) => push(database, args, 'left') },
  rpush: { arity: -3, run: ({ database }, args) => push(database, args, 'right') },
  lpop: { arity: -2, run: ({ database }, args) => pop(database, args, 'left') },
  rpop: { arity: -2, run: ({ database }, args) => pop(database, args, 'right') },
  llen: { arity: 2, run: ({ database }, [key]) => integer(listOf(database, key!).length) },
  lrange: {
    arity: 4,
    run: ({ database }, [key, start, stop]) =>
      list(range(listOf(database, key!), parseInteger(start!), parseInteger(stop!))),
  },
  hset: {
    arity: -4,
    run: ({ database }, [key, ...pairs]) => {
      const { fields } = database.make(key!, 'hash', { type: 'hash', fields: new Map() })
      const before = fields.size
      for (let i = 0; i + 1 < pairs.length; i += 2) fields.set(pairs[i]!, pairs[i + 1]!)
      return integer(fields.size - before)
    },
  },
  hget: {
    arity: 3,
    run: ({ database }, [key, field]) => bulk(fieldsOf(database, key!).get(field!)),
  },
  hgetall: {
    arity: 2,
    run: ({ database }, [key]) => list([...fieldsOf(database, key!)].flat()),
  },
  hdel: {
    arity: -3,
    run: ({ database }, [key, ...names]) => {
      const fields = database.get(key!, 'hash')?.fields
      const gone = names.filter((name) => fields?.delete(name)).length
      database.deleteIfEmpty(key!)
      return integer(gone)
    },
  },
  hlen: { arity: 2, run: ({ database }, [key]) => integer(fieldsOf(database, key!).size) },
  hkeys: { arity: 2, run: ({ database }, [key]) => list([...fieldsOf(database, key!).keys()]) },
  sadd: {
    arity: -3,
    run: ({ database }, [key, ...texts]) => {
      const { members } = database.make(key!, 'set', { type: 'set', members: new Set() })
      const before = members.size
      for (const text of texts) members.add(text)
      return integer(members.size - before)
    },
  },
  srem: {
    arity: -3,
    run: ({ database }, [key, ...texts]) => {
      const members = database.get(key!, 'set')?.members
      const gone = texts.filter((text) => members?.delete(text)).length
      database.deleteIfEmpty(key!)
      return integer(gone)
    },
  },
  smembers: { arity: 2, run: ({ database }, [key]) => list([...membersOf(database, key!)]) },
  sismember: {
    arity: 3,
    run: ({ database }, [key, text]) => integer(membersOf(database, key!).has(text!) ? 1 : 0),
  },
  scard: { arity: 2, run: ({ database }, [key]) => integer(membersOf(database, key!).size) },
}
