import { CorefileError } from './corefile-error.ts'
import { tokenize } from './lexer.ts'
import type { Token } from './lexer.ts'

/** A line of a server block: a word, its arguments, and what its braces hold. */
export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  readonly block: readonly Directive[]
  readonly line: number
  /** An error at this line. */
  error(message: string): CorefileError
}

export interface ServerBlock {
  readonly keys: readonly string[]
  readonly directives: readonly Directive[]
  readonly line: number
}

/** Reads the grammar; what the words mean is the plugins' business. */
export function parseCorefile(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>> = {},
): ServerBlock[] {
  const parser = new Parser(tokenize(text, env), file)
  const blocks: ServerBlock[] = []
  while (!parser.atEnd) blocks.push(parser.serverBlock())
  return blocks
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #file: string
  #at = 0

  constructor(tokens: readonly Token[], file: string) {
    this.#tokens = tokens
    this.#file = file
  }

  get atEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  serverBlock(): ServerBlock {
    const { line } = this.#peek()
    const keys: string[] = []
    while (!this.atEnd && this.#peek().text !== '{') {
      const { text } = this.#next()
      if (/^\(.*\)$/.test(text) || text === 'import')
        throw this.#error(line, `snippets and imports are not emulated: ${text}`)
      for (const key of text.split(',')) if (key !== '') keys.push(key)
    }
    if (this.atEnd) throw this.#error(line, "a server block needs its braces: expected '{'")
    return { keys, directives: this.#braces(), line }
  }

  #braces(): Directive[] {
    const open = this.#next()
    const directives: Directive[] = []
    while (!this.atEnd && this.#peek().text !== '}') directives.push(this.#directive())
    if (this.atEnd) throw this.#error(open.line, "Unexpected EOF: missing '}'")
    this.#next()
    return directives
  }

  #directive(): Directive {
    const { text: name, line } = this.#next()
    if (name === '{') throw this.#error(line, "Unexpected '{'")
    const args: string[] = []
    while (!this.atEnd && this.#peek().line === line && !['{', '}'].includes(this.#peek().text))
      args.push(this.#next().text)
    const hasBlock = !this.atEnd && this.#peek().line === line && this.#peek().text === '{'
    const block = hasBlock ? this.#braces() : []
    return { name, args, block, line, error: (message) => this.#error(line, message) }
  }

  #peek(): Token {
    return this.#tokens[this.#at]!
  }

  #next(): Token {
    return this.#tokens[this.#at++]!
  }

  #error(line: number, message: string): CorefileError {
    return new CorefileError(this.#file, line, message)
  }
}
