import { expectBare } from '../corefile/arguments.ts'
import { PluginError, settle } from '../handler.ts'
import type { Handler } from '../handler.ts'
import { reply } from '../wire/message.ts'
import type { Setup } from './plugin.ts'

/** Logs what could not be answered. */
export const errors: Setup = (directive, _site, { logger }) => {
  expectBare(directive)
  const handler: Handler = {
    name: 'errors',
    handle: (query, next) =>
      settle(
        () => next(query),
        (answer) => answer,
        (error) => {
          if (!(error instanceof PluginError)) throw error
          const { name, type } = query.question
          logger.error(`plugin/errors: 2 ${name}. ${type}: ${error.message}`)
          return reply('SERVFAIL')
        },
      ),
  }
  return { handler }
}
