/** A syntax error with Go's words (encoding/json). */
export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError'
}

/** An object as it was written: duplicate keys are kept, in order. */
export class JsonObject {
  readonly entries: readonly (readonly [key: string, value: JsonTree])[]

  constructor(entries: readonly (readonly [key: string, value: JsonTree])[]) {
    this.entries = entries
  }
}

/** A number as it was written: `1.0` is not `1`. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type JsonTree = null | boolean | string | JsonNumber | JsonTree[] | JsonObject

/** encoding/json refuses deeper text (maxNestingDepth). */
export const maxNestingDepth = 10_000

/**
 * * Reads JSON without losing anything of it. Slower than JSON.parse: it is for texts that JSON.parse
 * refuses (to say why in Go's words), and for those with duplicate keys or numbers whose notation matters.
 */
export function parseJsonTree(text: string): JsonTree {
  const parser = new JsonParser(text)
  return parser.document()
}

/** Plain data of a tree; of duplicate keys the last one counts. */
export function plainJson(tree: JsonTree): unknown {
  if (tree instanceof JsonNumber) return Number(tree.text)
  if (Array.isArray(tree)) return tree.map(plainJson)
  if (!(tree instanceof JsonObject)) return tree
  const plain: Record<string, unknown> = {}
  for (const [key, value] of tree.entries) setKey(plain, key, plainJson(value))
  return plain
}

/** Sets an own property, also one called `__proto__`. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else target[key] = value
}

class JsonParser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): JsonTree {
    const value = this.#value('looking for beginning of value')
    this.#space()
    if (this.#at < this.#text.length) this.#fail('after top-level value')
    return value
  }

  #value(context: string): JsonTree {
    this.#space()
    const char = this.#peek()
    switch (char) {
      case '{':
        return this.#nested(() => this.#object())
      case '[':
        return this.#nested(() => this.#array())
      case '"':
        return this.#string()
      case 't':
        return this.#literal('true', true)
      case 'f':
        return this.#literal('false', false)
      case 'n':
        return this.#literal('null', null)
      default:
        if (char === '-' || isDigit(char)) return this.#number()
        return this.#fail(context)
    }
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1
    if (this.#depth > maxNestingDepth) throw new JsonSyntaxError('exceeded max depth')
    this.#at += 1
    const value = read()
    this.#depth -= 1
    return value
  }

  #object(): JsonObject {
    const entries: [string, JsonTree][] = []
    this.#space()
    if (this.#peek() === '}') {
      this.#at += 1
      return new JsonObject(entries)
    }
    for (;;) {
      this.#space()
      if (this.#peek() !== '"') this.#fail('looking for beginning of object key string')
      const key = this.#string()
      this.#space()
      if (this.#peek() !== ':') this.#fail('after object key')
      this.#at += 1
      entries.push([key, this.#value('looking for beginning of value')])
      this.#space()
      const next = this.#peek()
      if (next !== ',' && next !== '}') this.#fail('after object key:value pair')
      this.#at += 1
      if (next === '}') return new JsonObject(entries)
    }
  }

  #array(): JsonTree[] {
    const items: JsonTree[] = []
    this.#space()
    if (this.#peek() === ']') {
      this.#at += 1
      return items
    }
    for (;;) {
      items.push(this.#value('looking for beginning of value'))
      this.#space()
      const next = this.#peek()
      if (next !== ',' && next !== ']') this.#fail('after array element')
      this.#at += 1
      if (next === ']') return items
    }
  }

  #string(): string {
    const start = this.#at
    this.#at += 1
    for (;;) {
      const char = this.#peek()
      if (char === '') this.#fail('in string literal')
      if (char < ' ') this.#fail('in string literal')
      this.#at += 1
      if (char === '"') break
      if (char === '\\') this.#escape()
    }
    return JSON.parse(this.#text.slice(start, this.#at)) as string
  }

  #escape(): void {
    const char = this.#peek()
    if (char === '' || !'bfnrt\\/"u'.includes(char)) this.#fail('in string escape code')
    this.#at += 1
    if (char !== 'u') return
    for (let i = 0; i < 4; i += 1) {
      if (!/^[0-9a-fA-F]$/.test(this.#peek()))
        this.#fail(String.raw`in \u hexadecimal character escape`)
      this.#at += 1
    }
  }

  #literal<T extends boolean | null>(word: string, value: T): T {
    for (let i = 1; i < word.length; i += 1) {
      this.#at += 1
      if (this.#peek() !== word[i]) this.#fail(`in literal ${word} (expecting '${word[i]}')`)
    }
    this.#at += 1
    return value
  }

  #number(): JsonNumber {
    const start = this.#at
    if (this.#peek() === '-') this.#at += 1
    if (this.#peek() === '0') this.#at += 1
    else this.#digits('in numeric literal')
    if (this.#peek() === '.') {
      this.#at += 1
      this.#digits('after decimal point in numeric literal')
    }
    if (this.#peek() === 'e' || this.#peek() === 'E') {
      this.#at += 1
      if (this.#peek() === '+' || this.#peek() === '-') this.#at += 1
      this.#digits('in exponent of numeric literal')
    }
    return new JsonNumber(this.#text.slice(start, this.#at))
  }

  #digits(context: string): void {
    if (!isDigit(this.#peek())) this.#fail(context)
    while (isDigit(this.#peek())) this.#at += 1
  }

  #space(): void {
    for (;;) {
      const char = this.#text.charCodeAt(this.#at)
      if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) return
      this.#at += 1
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #fail(context: string): never {
    const char = this.#peek()
    if (char === '') throw new JsonSyntaxError('unexpected end of JSON input')
    throw new JsonSyntaxError(`invalid character ${quoteChar(char)} ${context}`)
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char !== ''
}

/** Go's scanner sees bytes: of a character beyond ASCII it names the first. */
function quoteChar(char: string): string {
  if (char === "'") return String.raw`'\''`
  if (char === '"') return `'"'`
  const byte = Buffer.from(char)[0]!
  if (byte >= 0xa1 && byte !== 0xad) return `'${String.fromCharCode(byte)}'`
  const named: Record<number, string> = {
    7: 'a',
    8: 'b',
    9: 't',
    10: 'n',
    11: 'v',
    12: 'f',
    13: 'r',
  }
  if (named[byte]) return `'\\${named[byte]}'`
  if (byte === 0x5c) return String.raw`'\\'`
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`
  if (byte >= 0x80) return `'\\u${byte.toString(16).padStart(4, '0')}'`
  return `'${char}'`
}
