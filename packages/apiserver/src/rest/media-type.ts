import { statusError } from '@kemu/api'

export type Encoding = 'json' | 'yaml' | 'protobuf'

/** How the client wants its answer. */
export interface Presentation {
  readonly encoding: Encoding
  /** A Table, only metadata, or the objects themselves. */
  readonly as: 'object' | 'table' | 'metadata' | 'metadataList'
  /** The version of meta.k8s.io that a Table or PartialObjectMetadata shall have. */
  readonly version: 'v1' | 'v1beta1'
  /** `;pretty=1` */
  readonly pretty: boolean
}

/** What a path gives: an object, a list of them, a watch, or an answer that is stored nowhere. */
export type Endpoint = 'object' | 'list' | 'watch' | 'question'

const plain: Presentation = { encoding: 'json', as: 'object', version: 'v1', pretty: false }

/** In the order of preference (legacyscheme's serializers). */
export const mediaTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
}

const encodings = Object.keys(mediaTypes) as Encoding[]
const objectTypes = Object.values(mediaTypes)
/** YAML has no form for a stream. */
const streamTypes = [mediaTypes.json, mediaTypes.protobuf].map((type) => `${type};stream=watch`)

/**
 * Chooses what an Accept header asks for, as upstream does in two steps: the path's media types
 * first, then the serializer. Throws NotAcceptable.
 */
export function negotiate(accept: string, endpoint: Endpoint): Presentation {
  checkRepresentations(accept, endpoint)
  const chosen = choose(accept, (as) => as !== 'table' || endpoint !== 'question')
  if (!chosen) throw noSerializer(objectTypes)
  if (endpoint === 'watch' && chosen.encoding === 'yaml') throw noSerializer(streamTypes)
  return chosen
}

/** How a refusal is written; undefined where the client accepts nothing that would do. */
export function negotiateStatus(accept: string): Presentation | undefined {
  return choose(accept, (as) => as === 'object')
}

/** go-restful compares media types without their parameters and knows the pattern of everything. */
function checkRepresentations(accept: string, endpoint: Endpoint): void {
  if (accept === '') return
  const wanted = accept.split(',').map((clause) => clause.split(';')[0]!.trim())
  if (wanted.some((type) => type === '*/*' || objectTypes.includes(type))) return
  const streams = endpoint === 'list' || endpoint === 'watch' ? streamTypes : []
  throw statusError(
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${[...objectTypes, ...streams].join(', ')}`,
    {},
  )
}

function noSerializer(types: readonly string[]): Error {
  return statusError(
    'NotAcceptable',
    `only the following media types are accepted: ${types.join(', ')}`,
  )
}

interface Clause {
  readonly type: string
  readonly quality: number
  readonly parameters: ReadonlyMap<string, string>
}

/** The first clause, best quality first, that some serializer can satisfy. */
function choose(
  accept: string,
  allows: (as: Presentation['as']) => boolean,
): Presentation | undefined {
  if (accept === '') return plain
  for (const clause of readClauses(accept)) {
    for (const encoding of encodings) {
      if (!matches(clause.type, mediaTypes[encoding])) continue
      const chosen = readOptions(clause, encoding)
      if (chosen && allows(chosen.as)) return chosen
    }
  }
  return undefined
}

/** goautoneg.ParseAccept: by quality, then exact types before patterns. */
function readClauses(accept: string): Clause[] {
  const clauses = accept.split(',').map(readClause)
  const patterns = ({ type }: Clause): number => (type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0)
  return clauses.sort((a, b) => b.quality - a.quality || patterns(a) - patterns(b))
}

function readClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim())
  const parameters = new Map(
    rest.map((parameter) => {
      const [name = '', value = ''] = parameter.split('=')
      return [name.trim(), value.trim()] as const
    }),
  )
  const quality = Number(parameters.get('q') ?? 1)
  return { type, quality: Number.isNaN(quality) ? 1 : quality, parameters }
}

function matches(pattern: string, type: string): boolean {
  return pattern === type || pattern === '*/*' || pattern === 'application/*'
}

/** Undefined for a form or a stream that nobody serves (acceptMediaTypeOptions). */
function readOptions({ parameters }: Clause, encoding: Encoding): Presentation | undefined {
  const stream = parameters.get('stream') ?? ''
  if (stream !== '' && (stream !== 'watch' || encoding === 'yaml')) return undefined
  const pretty = parameters.get('pretty') === '1'
  if (!['as', 'g', 'v'].some((name) => parameters.has(name))) return { ...plain, encoding, pretty }
  const version = parameters.get('v')
  if (parameters.get('g') !== 'meta.k8s.io') return undefined
  if (version !== 'v1' && version !== 'v1beta1') return undefined
  const as = forms[parameters.get('as') ?? '']
  if (!as || (as === 'table' && encoding === 'protobuf')) return undefined
  return { encoding, as, version, pretty }
}

const forms: Readonly<Record<string, Presentation['as']>> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadataList',
}
