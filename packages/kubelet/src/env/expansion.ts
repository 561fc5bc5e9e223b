/**
 * Replaces `$(NAME)` where the name is known; `$$` is one dollar sign
 * (third_party/forked/golang/expansion).
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  let result = ''
  let from = 0
  for (let at = text.indexOf('$'); at >= 0 && at + 1 < text.length; at = text.indexOf('$', from)) {
    result += text.slice(from, at)
    const read = readReference(text, at + 1, variables)
    result += read.text
    from = at + 1 + read.length
  }
  return result + text.slice(from)
}

function readReference(
  text: string,
  at: number,
  variables: ReadonlyMap<string, string>,
): { text: string; length: number } {
  const next = text[at]!
  if (next === '$') return { text: '$', length: 1 }
  if (next !== '(') return { text: `$${next}`, length: 1 }
  const end = text.indexOf(')', at)
  if (end < 0) return { text: '$(', length: 1 }
  const name = text.slice(at + 1, end)
  return { text: variables.get(name) ?? `$(${name})`, length: end - at + 1 }
}
