import { collectionCommands } from './collection-commands.ts'
import { NotAnInteger, SyntaxError } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { WrongType } from './database.ts'
import { connectionCommands, keyCommands } from './key-commands.ts'
import { failure } from './reply.ts'
import type { Reply } from './reply.ts'
import { stringCommands } from './string-commands.ts'

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    ...connectionCommands,
    ...keyCommands,
    ...stringCommands,
    ...collectionCommands,
  }),
)

/** Runs one command; a wrong one is an error reply in redis' words. */
export function execute(context: CommandContext, words: readonly string[]): Reply {
  const [given = '', ...args] = words
  const name = given.toLowerCase()
  const command = commands.get(name)
  if (!command) {
    const shown = args.map((arg) => `'${arg}' `).join('')
    return failure(`ERR unknown command '${given}', with args beginning with: ${shown}`)
  }
  const { arity } = command
  const isRight = arity < 0 ? words.length >= -arity : words.length === arity
  if (!isRight) return failure(`ERR wrong number of arguments for '${name}' command`)
  try {
    return command.run(context, args)
  } catch (error) {
    if (error instanceof WrongType || error instanceof NotAnInteger || error instanceof SyntaxError)
      return failure(error.message)
    throw error
  }
}
