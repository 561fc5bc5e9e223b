import { statusError } from '@kemu/api'

/** How the client wants its answer. */
export interface Presentation {
  readonly encoding: 'json' | 'yaml'
  /** A Table, only metadata, or the objects themselves. */
  readonly as: 'object' | 'table' | 'metadata'
  /** The version of meta.k8s.io that a Table or PartialObjectMetadata shall have. */
  readonly version: 'v1' | 'v1beta1'
}

const plain: Presentation = { encoding: 'json', as: 'object', version: 'v1' }

const mediaTypes: Readonly<Record<string, Presentation['encoding']>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  '*/*': 'json',
  'application/*': 'json',
}

/**
 * Chooses from an Accept header the first clause that the server can serve; what is only a question
 * has no table. Throws NotAcceptable.
 */
export function negotiate(accept: string, tables = true): Presentation {
  if (accept === '') return plain
  for (const clause of accept.split(',')) {
    const chosen = readClause(clause)
    if (chosen && (tables || chosen.as !== 'table')) return chosen
  }
  throw notAcceptable()
}

/** Nothing that the client accepts can be served. */
export function notAcceptable(): Error {
  return statusError(
    'NotAcceptable',
    '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml',
    {},
  )
}

function readClause(clause: string): Presentation | undefined {
  const [type = '', ...parameters] = clause.split(';').map((part) => part.trim())
  const encoding = mediaTypes[type.toLowerCase()]
  if (!encoding) return undefined
  const values = new Map(
    parameters.map((parameter) => {
      const at = parameter.indexOf('=')
      return [parameter.slice(0, at), parameter.slice(at + 1)]
    }),
  )
  // A watch's stream is of JSON lines in any case.
  const as = values.get('as')
  if (as === undefined) return { ...plain, encoding }
  const version = values.get('v')
  if (values.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) {
    return undefined
  }
  switch (as) {
    case 'Table':
      return { encoding, as: 'table', version }
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return { encoding, as: 'metadata', version }
    default:
      return undefined
  }
}
