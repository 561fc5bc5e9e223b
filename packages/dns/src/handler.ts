import type { Query, Reply } from './wire/message.ts'

/** The rest of the chain. */
export type Next = (query: Query) => Reply | Promise<Reply>

/** A link of the chain: answers, or asks the next one. */
export interface Handler {
  /** The directive's name. */
  readonly name: string
  handle(query: Query, next: Next): Reply | Promise<Reply>
}

/** A query that could not be answered for a reason worth a log line: the client gets SERVFAIL. */
export class PluginError extends Error {
  override name = 'PluginError'

  constructor(plugin: string, message: string) {
    super(`plugin/${plugin}: ${message}`)
  }
}

/** Links handlers in order. Nobody left to ask is an error, as in CoreDNS. */
export function chain(handlers: readonly Handler[]): Next {
  const last = handlers.at(-1)?.name ?? 'server'
  const nobody: Next = () => {
    throw new PluginError(last, 'no next plugin found')
  }
  return handlers.reduceRight<Next>(
    (next, handler) => async (query) => {
      const reply = await handler.handle(query, next)
      return reply.by === undefined ? { ...reply, by: handler.name } : reply
    },
    nobody,
  )
}
