/** Where a server listens. */
export type Target =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** `host:port`, `[address]:port`, `unix:path` or `unix:///path`. */
export function parseTarget(text: string): Target {
  if (text.startsWith('unix:'))
    return { kind: 'unix', path: text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '') }
  const at = text.lastIndexOf(':')
  return {
    kind: 'tcp',
    host: text.slice(0, at).replaceAll(/[[\]]/g, ''),
    port: Number(text.slice(at + 1)),
  }
}
