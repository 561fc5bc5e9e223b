import type { Query, Reply } from './wire/message.ts'

/** At once where everything is known, later where somebody has to be asked: most queries pass the chain in one turn. */
export type Answering = Reply | Promise<Reply>

/** The rest of the chain. */
export type Next = (query: Query) => Answering

/** A link of the chain: answers, or asks the next one. */
export interface Handler {
  /** The directive's name. */
  readonly name: string
  handle(query: Query, next: Next): Answering
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
    (next, handler) => (query) =>
      afterReply(handler.handle(query, next), (reply) =>
        reply.by === undefined ? { ...reply, by: handler.name } : reply,
      ),
    nobody,
  )
}

/** Goes on with the answer, without a turn of the event loop where it is there. */
export function afterReply(answering: Answering, go: (reply: Reply) => Reply): Answering {
  return answering instanceof Promise ? answering.then(go) : go(answering)
}

/** Asks, and goes on with the answer or with what was thrown, now or later. */
export function settle(
  ask: () => Answering,
  onReply: (reply: Reply) => Reply,
  onError: (error: unknown) => Reply,
): Answering {
  let answering: Answering
  try {
    answering = ask()
  } catch (error) {
    return onError(error)
  }
  return answering instanceof Promise ? answering.then(onReply, onError) : onReply(answering)
}
