/** A place to listen on or to dial; host '' means every address. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Splits `10.0.0.1:80`, `[::1]:80`, `:80` (Go's SplitHostPort); undefined when the text is of another form. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const port = Number(match[3])
  return port > 65_535 ? undefined : { host: match[1] ?? match[2]!, port }
}

/** The other way round; an IPv6 host gets its brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
