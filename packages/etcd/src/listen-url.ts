import { FlagError } from '@kemu/base'

export interface ListenUrl {
  readonly text: string
  readonly isSecure: boolean
  readonly host: string
  readonly port: number
}

/** `http://` or `https://`, a host and a port, as etcd wants its URLs. */
export function parseUrl(text: string): ListenUrl {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new FlagError(`parse "${text}": not a URL`)
  }
  const isSecure = url.protocol === 'https:'
  if (!isSecure && url.protocol !== 'http:') {
    throw new FlagError(`URL scheme must be http or https: ${text}`)
  }
  if (url.pathname !== '/' || url.search !== '') {
    throw new FlagError(`URL must not contain a path: ${text}`)
  }
  // The parser drops a port that is the scheme's own.
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  if (url.port === '' && !/:\d+\/?$/.test(text)) {
    throw new FlagError(`URL address does not have the form "host:port": ${text}`)
  }
  return { text, isSecure, host: url.hostname.replace(/^\[|\]$/g, ''), port }
}
