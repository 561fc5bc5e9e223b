/** Attributes that hold addresses, by element (RFC 1866's successors; apimachinery's proxy.Transport has the same list). */
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

/** A comment, or an element's start with all its attributes, and for elements without markup inside: up to their end. */
const piece =
  /<!--[\s\S]*?-->|<([a-z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>(?:(?<=<(script|style|textarea|title|xmp)\b[^>]*>)[\s\S]*?(?=<\/\3))?/gi
const attribute = /([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g

/** An HTML page in which every address went through `rewrite`; all else is left as it was. */
export function rewriteLinks(page: string, rewrite: (address: string) => string): string {
  return page.replace(piece, (whole: string, name: string | undefined, attributes = '') => {
    const wanted = addressAttributes[name?.toLowerCase() ?? '']
    if (name === undefined || wanted === undefined) return whole
    const changed = rewriteAttributes(attributes as string, wanted, rewrite)
    const start = 1 + name.length
    return whole.slice(0, start) + changed + whole.slice(start + (attributes as string).length)
  })
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
