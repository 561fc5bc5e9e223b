export interface Token {
  readonly text: string
  readonly line: number
}

/**
 * Cuts a Corefile into words: white space separates, `"..."` keeps together (with `\"` inside), `#` at the start of a word
 * comments out the line, a backslash at a line's end joins the next. `{$NAME}` is the environment's.
 */
export function tokenize(text: string, env: Readonly<Record<string, string | undefined>>): Token[] {
  const tokens: Token[] = []
  let line = 1
  for (let at = 0; at < text.length;) {
    const char = text[at]!
    if (char === '\n') line += 1
    if (/\s/.test(char)) at += 1
    else if (char === '#') at = endOfLine(text, at)
    else if (text.startsWith('\\\n', at)) {
      line += 1
      at += 2
    } else {
      const { word, end } = char === '"' ? quoted(text, at) : bare(text, at)
      tokens.push({ text: substitute(word, env), line })
      line += text.slice(at, end).split('\n').length - 1
      at = end
    }
  }
  return tokens
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function bare(text: string, from: number): { word: string; end: number } {
  let end = from
  while (end < text.length && !/\s/.test(text[end]!) && !text.startsWith('\\\n', end)) end += 1
  return { word: text.slice(from, end), end }
}

function quoted(text: string, from: number): { word: string; end: number } {
  let word = ''
  let at = from + 1
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text.startsWith('\\"', at)) at += 1
    word += text[at]!
  }
  return { word, end: at + 1 }
}

function substitute(word: string, env: Readonly<Record<string, string | undefined>>): string {
  return word
    .replaceAll(/\{\$([^}]+)\}/g, (_, name: string) => env[name] ?? '')
    .replaceAll(/\{%([^%]+)%\}/g, (_, name: string) => env[name] ?? '')
}
