/** A parsed image name. `digest` wins over `tag`. */
export interface ImageReference {
  /** `docker.io/library/busybox`. */
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/

/**
 * Names as containerd (distribution/reference) reads them: `busybox` is `docker.io/library/busybox:latest`. Undefined
 * when the text is no image name; kubelet reports those as InvalidImageName.
 */
export function parseReference(text: string): ImageReference | undefined {
  const [name = '', digest, extra] = text.split('@')
  if (extra !== undefined || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)))
    return undefined
  const match = /^(.*?)(?::([\w][\w.-]{0,127}))?$/.exec(name)
  const path = match?.[1] ?? ''
  const { domain, rest } = splitDomain(path)
  if (rest === '' || !rest.split('/').every((part) => component.test(part))) return undefined
  const isShort = domain === 'docker.io' && !rest.includes('/')
  const tag = match?.[2] ?? (digest === undefined ? 'latest' : undefined)
  return { repository: `${domain}/${isShort ? 'library/' : ''}${rest}`, tag, digest }
}

function splitDomain(path: string): { domain: string; rest: string } {
  const slash = path.indexOf('/')
  const first = slash < 0 ? '' : path.slice(0, slash)
  const isDomain = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first
  if (slash < 0 || !isDomain) return { domain: 'docker.io', rest: path }
  const domain = first === 'index.docker.io' ? 'docker.io' : first
  return { domain, rest: path.slice(slash + 1) }
}

export function formatReference({ repository, tag, digest }: ImageReference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}
