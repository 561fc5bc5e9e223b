/** Attributes that hold addresses, by element (HTML 4, 5; the list is apimachinery's proxy.Transport's). */
const addressAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}

/** An element's start: name, attributes. Quotes count only where a value begins. */
const startTag = /<([a-z][^\s/>]*(?=[\s/>]))((?:[^>=]|=\s*(?:"[^"]*"|'[^']*'|(?!["'\s])))*)>/iy
const attribute = /(?<![^\s/"'])([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g

/** Elements whose content is text and never markup. */
const textElements = new Set(['script', 'style', 'textarea', 'title', 'xmp'])

/** An HTML page in which every address went through `rewrite`; all else is left as it was. */
export function rewriteLinks(page: string, rewrite: (address: string) => string): string {
  let out = ''
  let at = 0
  for (let start = page.indexOf('<'); start !== -1; start = page.indexOf('<', at)) {
    out += page.slice(at, start)
    const { text, end } = rewritePiece(page, start, rewrite)
    out += text
    at = end
  }
  return out + page.slice(at)
}

/** What begins with this `<`: a comment, an element's start (with its content, if that is text), or just the sign. */
function rewritePiece(
  page: string,
  start: number,
  rewrite: (address: string) => string,
): { text: string; end: number } {
  const upTo = (end: number): { text: string; end: number } => ({
    text: page.slice(start, end),
    end,
  })
  if (page.startsWith('<!--', start)) return upTo(endOf(page, '-->', start + 4))
  if (!/[a-z]/i.test(page[start + 1] ?? '')) return upTo(start + 1)
  startTag.lastIndex = start
  const match = startTag.exec(page)
  // An element that never ends: the rest of the page is no markup.
  if (!match) return upTo(page.length)
  const [tag, name, attributes] = match as unknown as [string, string, string]
  const element = name.toLowerCase()
  const after = start + tag.length
  const close = textElements.has(element) ? indexOfClose(page, element, after) : after
  const wanted = addressAttributes[element] ?? []
  const changed = wanted.length === 0 ? attributes : rewriteAttributes(attributes, wanted, rewrite)
  return { text: `<${name}${changed}>${page.slice(after, close)}`, end: close }
}

function endOf(page: string, mark: string, from: number): number {
  const at = page.indexOf(mark, from)
  return at === -1 ? page.length : at + mark.length
}

function indexOfClose(page: string, element: string, from: number): number {
  const close = new RegExp(`</${element}`, 'gi')
  close.lastIndex = from
  return close.exec(page)?.index ?? page.length
}

function rewriteAttributes(
  text: string,
  wanted: readonly string[],
  rewrite: (address: string) => string,
): string {
  return text.replace(
    attribute,
    (whole: string, name: string, ...values: (string | undefined)[]) => {
      if (!wanted.includes(name.toLowerCase())) return whole
      const before = decodeEntities(values[0] ?? values[1] ?? values[2] ?? '')
      const after = rewrite(before)
      return after === before ? whole : `${name}="${encodeEntities(after)}"`
    },
  )
}

const entities: readonly (readonly [string, string])[] = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&#34;', '"'],
  ['&quot;', '"'],
  ['&#39;', "'"],
  ['&amp;', '&'],
]

function decodeEntities(text: string): string {
  return entities.reduce((sofar, [entity, letter]) => sofar.replaceAll(entity, letter), text)
}

function encodeEntities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&#34;')
}

/**
 * An address on a proxied page as it reads from outside: absolute paths of the same host get the prefix
 * under which the page is served; other hosts, relative addresses and what has the prefix are left.
 */
export function rewriteAddress(
  address: string,
  { prefix, targetHost, requestHost }: { prefix: string; targetHost: string; requestHost: string },
): string {
  const match = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(address)
  const [, scheme, host = '', path = '', rest = ''] = match ?? []
  const isOther = host !== '' && host !== targetHost && host !== requestHost
  if (isOther || !path.startsWith('/') || (host === '' && scheme !== undefined)) return address
  const origin =
    host === requestHost && host !== ''
      ? `${scheme === undefined ? '' : `${scheme}:`}//${host}`
      : ''
  if (path.startsWith(prefix)) return origin + path + rest
  return `${origin}${joined(prefix, path)}${rest}`
}

/** One path under another, without `.`, `..` and double slashes; a last slash stays. */
function joined(prefix: string, path: string): string {
  const steps: string[] = []
  for (const step of `${prefix}/${path}`.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '' && step !== '.') steps.push(step)
  }
  return `/${steps.join('/')}${path.endsWith('/') ? '/' : ''}`
}
