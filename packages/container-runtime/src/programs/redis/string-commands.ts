import type { Command } from './command.ts'
import { parseInteger, SyntaxError } from './command.ts'
import type { Database } from './database.ts'
import { bulk, integer, list, nil, ok } from './reply.ts'
import type { Reply } from './reply.ts'

function add(database: Database, key: string, delta: number): Reply {
  const value = database.make(key, 'string', { type: 'string', text: '0' })
  value.text = String(parseInteger(value.text) + delta)
  return integer(Number(value.text))
}

export const stringCommands: Readonly<Record<string, Command>> = {
  get: { arity: 2, run: ({ database }, [key]) => bulk(database.get(key!, 'string')?.text) },
  set: { arity: -3, run: ({ database }, args) => set(database, args) },
  setnx: {
    arity: 3,
    run: ({ database }, [key, text]) => {
      if (database.has(key!)) return integer(0)
      database.set(key!, text!, undefined)
      return integer(1)
    },
  },
  setex: {
    arity: 4,
    run: ({ database }, [key, seconds, text]) => {
      database.set(key!, text!, database.now() + parseInteger(seconds!) * 1000)
      return ok
    },
  },
  getset: {
    arity: 3,
    run: ({ database }, [key, text]) => {
      const before = database.get(key!, 'string')?.text
      database.set(key!, text!, undefined)
      return bulk(before)
    },
  },
  getdel: {
    arity: 2,
    run: ({ database }, [key]) => {
      const before = database.get(key!, 'string')?.text
      database.delete(key!)
      return bulk(before)
    },
  },
  mget: {
    arity: -2,
    run: ({ database }, keys) =>
      list(
        keys.map((key) =>
          database.typeOf(key) === 'string' ? database.get(key, 'string')?.text : undefined,
        ),
      ),
  },
  mset: {
    arity: -3,
    run: ({ database }, args) => {
      for (let i = 0; i + 1 < args.length; i += 2) database.set(args[i]!, args[i + 1]!, undefined)
      return ok
    },
  },
  append: {
    arity: 3,
    run: ({ database }, [key, text]) => {
      const value = database.make(key!, 'string', { type: 'string', text: '' })
      value.text += text
      return integer(value.text.length)
    },
  },
  strlen: {
    arity: 2,
    run: ({ database }, [key]) => integer(database.get(key!, 'string')?.text.length ?? 0),
  },
  incr: { arity: 2, run: ({ database }, [key]) => add(database, key!, 1) },
  decr: { arity: 2, run: ({ database }, [key]) => add(database, key!, -1) },
  incrby: { arity: 3, run: ({ database }, [key, by]) => add(database, key!, parseInteger(by!)) },
  decrby: { arity: 3, run: ({ database }, [key, by]) => add(database, key!, -parseInteger(by!)) },
}

/** SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL] */
function set(database: Database, [key = '', text = '', ...options]: readonly string[]): Reply {
  const words = options.map((word) => word.toUpperCase())
  const after = (name: string): number | undefined => {
    const at = words.indexOf(name)
    return at < 0 ? undefined : parseInteger(options[at + 1] ?? '')
  }
  const known = new Set(['NX', 'XX', 'GET', 'EX', 'PX', 'KEEPTTL'])
  if (words.some((word) => !known.has(word) && !/^-?\d+$/.test(word))) throw new SyntaxError()
  const exists = database.has(key)
  const before = words.includes('GET') ? database.get(key, 'string')?.text : undefined
  if ((words.includes('NX') && exists) || (words.includes('XX') && !exists))
    return words.includes('GET') ? bulk(before) : nil
  const left = database.leftMs(key)
  const kept = words.includes('KEEPTTL') && left > 0 ? left : undefined
  const seconds = after('EX')
  const ms = seconds === undefined ? (after('PX') ?? kept) : seconds * 1000
  database.set(key, text, ms === undefined ? undefined : database.now() + ms)
  return words.includes('GET') ? bulk(before) : ok
}
