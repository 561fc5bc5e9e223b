/** One directive of nginx's configuration: `name args;` or `name args { block }`. */
export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  /** Undefined for a simple directive. */
  readonly block: readonly Directive[] | undefined
  readonly file: string
  readonly line: number
}

/** A wrong configuration, in the words that nginx would print after `[emerg]`. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

interface Token {
  readonly text: string
  readonly quoted: boolean
  readonly line: number
}

/** Reads a configuration text; `include` stands where it was, the caller opens files. */
export function parseDirectives(text: string, file: string): Directive[] {
  const reader = new TokenReader(tokenize(text), file)
  const directives = reader.block(false)
  return directives
}

function* tokenize(text: string): Generator<Token> {
  const pattern =
    /(\n)|\s|#[^\n]*|([{};])|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|((?:\\.|\$\{[^}]*\}|[^\s{};"'])+)/g
  let line = 1
  for (const match of text.matchAll(pattern)) {
    if (match[1]) line += 1
    const quoted = match[3] ?? match[4]
    const bare = match[2] ?? match[5]
    if (quoted !== undefined) yield { text: unescape(quoted), quoted: true, line }
    else if (bare !== undefined) yield { text: bare, quoted: false, line }
    line += (quoted ?? '').split('\n').length - 1
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_match, char: string) => escapes[char] ?? char)
}

class TokenReader {
  readonly #tokens: Iterator<Token>
  readonly #file: string

  constructor(tokens: Iterator<Token>, file: string) {
    this.#tokens = tokens
    this.#file = file
  }

  block(isInner: boolean): Directive[] {
    const directives: Directive[] = []
    let words: Token[] = []
    for (let next = this.#tokens.next(); !next.done; next = this.#tokens.next()) {
      const token = next.value
      const mark = token.quoted ? '' : token.text
      if (mark === ';' || mark === '{') {
        directives.push(this.#directive(words, token, mark === '{'))
        words = []
      } else if (mark === '}') {
        if (!isInner || words.length > 0) throw this.#unexpected('}', token.line)
        return directives
      } else words.push(token)
    }
    if (isInner || words.length > 0)
      throw new ConfigError(`unexpected end of file, expecting ";" or "}" in ${this.#file}`)
    return directives
  }

  #directive(words: readonly Token[], end: Token, hasBlock: boolean): Directive {
    const [name, ...args] = words
    if (!name) throw this.#unexpected(end.text, end.line)
    return {
      name: name.text,
      args: args.map(({ text }) => text),
      block: hasBlock ? this.block(true) : undefined,
      file: this.#file,
      line: name.line,
    }
  }

  #unexpected(mark: string, line: number): ConfigError {
    return new ConfigError(`unexpected "${mark}" in ${this.#file}:${line}`)
  }
}
