import { badRequest, statusError } from '@kemu/api'
import type { ResourceType } from '@kemu/api'
import type { Presentation } from './media-type.ts'
import type { IncludeObject } from './table.ts'

/**
 * Refuses metadata of one object where the answer is a list, and the other way round
 * (asPartialObjectMetadata); the type is called what Go calls it.
 */
export function checkForm(
  { as }: Presentation,
  { group, kind }: Pick<ResourceType, 'group' | 'kind'>,
  isList: boolean,
): void {
  if (as === 'metadata' && isList) {
    throw unfit(
      `PartialObjectMetadata, but the requested object is a list (*${goName(group, kind)}List)`,
    )
  }
  if (as === 'metadataList' && !isList) {
    throw unfit(
      `PartialObjectMetadataList, but the requested object is not a list (*${goName(group, kind)})`,
    )
  }
}

function unfit(why: string): Error {
  return statusError('NotAcceptable', `you requested ${why}`)
}

/** The package of the internal type: the first word of its group; events are the core's. */
function goName(group: string, kind: string): string {
  const [first = ''] = group.split('.')
  return `${first === '' || first === 'events' ? 'core' : first}.${kind}`
}

const includes: readonly string[] = ['None', 'Metadata', 'Object']

/** `?includeObject=` of a Table. Throws BadRequest for other words. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const text = query.get('includeObject') ?? ''
  if (text === '') return 'Metadata'
  if (includes.includes(text)) return text as IncludeObject
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}
