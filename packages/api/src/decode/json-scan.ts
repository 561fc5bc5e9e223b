import { JsonSyntaxError, maxNestingDepth } from './json-parser.ts'

/** What JSON.parse loses, found in one pass over the text. */
export interface JsonScan {
  /** Colons outside strings: how many keys the text has. */
  readonly keyCount: number
  /** A number with a fraction or an exponent stands in it. */
  readonly hasFractions: boolean
}

const quote = 0x22
const colon = 0x3a
const dot = 0x2e
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const bigE = 0x45
const smallE = 0x65
const openBrace = 0x7b
const closeBrace = 0x7d

/** Fast: strings, which are most of a text, are skipped by the engine's own search. */
export function scanJson(text: string): JsonScan {
  let keyCount = 0
  let hasFractions = false
  let depth = 0
  let at = 0
  const { length } = text
  while (at < length) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at)
        break
      case colon:
        keyCount += 1
        break
      case dot:
      case bigE:
        hasFractions = true
        break
      case smallE:
        // `true` and `false` have one too; an exponent follows a digit.
        if (isDigit(text.charCodeAt(at - 1))) hasFractions = true
        break
      case openBrace:
      case openBracket:
        depth += 1
        if (depth > maxNestingDepth) throw new JsonSyntaxError('exceeded max depth')
        break
      case closeBrace:
      case closeBracket:
        depth -= 1
        break
      default:
    }
    at += 1
  }
  return { keyCount, hasFractions }
}

function endOfString(text: string, start: number): number {
  let at = start
  for (;;) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
    let before = at - 1
    while (text.charCodeAt(before) === backslash) before -= 1
    if ((at - before) % 2 === 1) return at
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
