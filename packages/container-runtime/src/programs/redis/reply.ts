/** What a command answers, in RESP2's kinds. */
export type Reply =
  | { readonly kind: 'status'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  /** Undefined: the null bulk string. */
  | { readonly kind: 'bulk'; readonly text: string | undefined }
  | { readonly kind: 'array'; readonly items: readonly Reply[] | undefined }

export const ok: Reply = { kind: 'status', text: 'OK' }
export const nil: Reply = { kind: 'bulk', text: undefined }
export const integer = (value: number): Reply => ({ kind: 'integer', value })
export const bulk = (text: string | undefined): Reply => ({ kind: 'bulk', text })
export const failure = (text: string): Reply => ({ kind: 'error', text })
export const list = (texts: readonly (string | undefined)[]): Reply => ({
  kind: 'array',
  items: texts.map(bulk),
})

/** Texts hold bytes as latin1, so that any value comes back as it was. */
export function encodeReply(reply: Reply): string {
  switch (reply.kind) {
    case 'status':
      return `+${reply.text}\r\n`
    case 'error':
      return `-${reply.text}\r\n`
    case 'integer':
      return `:${reply.value}\r\n`
    case 'bulk':
      return reply.text === undefined ? '$-1\r\n' : `$${reply.text.length}\r\n${reply.text}\r\n`
    case 'array':
      return reply.items === undefined
        ? '*-1\r\n'
        : `*${reply.items.length}\r\n${reply.items.map(encodeReply).join('')}`
  }
}
