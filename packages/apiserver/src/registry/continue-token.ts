import { badRequest } from '@kemu/api'

/** Where a list goes on: at which revision, and at which key below the prefix of what is listed. */
export interface ContinuePoint {
  /** -1: at whatever revision is current. */
  readonly revision: number
  readonly startKey: string
}

/**
 * meta.k8s.io/v1 continue token: upstream's own form, so that a token outlives a change of server.
 */
export function encodeContinue({ revision, startKey }: ContinuePoint): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: `/${startKey}` }
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

/** Throws BadRequest for what is no token of ours. */
export async function decodeContinue(text: string): Promise<ContinuePoint> {
  const token = await readToken(text)
  if (token.v !== 'meta.k8s.io/v1') {
    const version = typeof token.v === 'string' ? token.v : ''
    throw invalidToken(
      `continue key is not valid: server does not recognize this encoded version ${version}`,
    )
  }
  if (token.rv === 0 || typeof token.rv !== 'number') {
    throw invalidToken(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    )
  }
  if (typeof token.start !== 'string' || token.start === '') {
    throw invalidToken(
      'continue key is not valid: encoded start key empty (version meta.k8s.io/v1)',
    )
  }
  const path = token.start.split('/')
  if (path.some((part) => part === '..' || part === '.')) {
    throw invalidToken(`continue key is not valid: ${token.start}`)
  }
  return { revision: token.rv, startKey: token.start.replace(/^\//, '') }
}

async function readToken(text: string): Promise<{ v?: unknown; rv?: unknown; start?: unknown }> {
  const { parseJson, JsonSyntaxError } = await import('@kemu/api/schema')
  const at = /[^A-Za-z0-9_-]/.exec(text)?.index
  if (at !== undefined) {
    throw invalidToken(`continue key is not valid: illegal base64 data at input byte ${at}`)
  }
  try {
    return parseJson(Buffer.from(text, 'base64url').toString()) ?? {}
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw invalidToken(`continue key is not valid: ${error.message}`)
  }
}

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: ${why}`)
}
