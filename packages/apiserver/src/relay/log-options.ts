import { badRequest, invalid, parseTime } from '@kemu/api'
import type { FieldError } from '@kemu/api'
import { fieldForbidden, fieldInvalid, fieldPath } from '@kemu/api/validation'

/** What of a log request is passed on to the kubelet. */
const passedOn = [
  'follow',
  'limitBytes',
  'pretty',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'tailLines',
  'timestamps',
]

/**
 * The query for the kubelet. Throws BadRequest where it cannot be read, Invalid where it makes no sense
 * (core validation.ValidatePodLogOptions).
 */
export function logQuery(podName: string, query: URLSearchParams): URLSearchParams {
  const [tailLines, limitBytes, sinceSeconds] = ['tailLines', 'limitBytes', 'sinceSeconds'].map(
    (name) => integer(query.get(name)),
  )
  checkTime(query.get('sinceTime'))
  const errors: FieldError[] = []
  if (tailLines !== undefined && tailLines < 0)
    errors.push(fieldInvalid(fieldPath('tailLines'), tailLines, negative))
  if (limitBytes !== undefined && limitBytes < 1)
    errors.push(fieldInvalid(fieldPath('limitBytes'), limitBytes, notPositive))
  if (sinceSeconds !== undefined && query.get('sinceTime'))
    errors.push(fieldForbidden(fieldPath('[]'), oneOf))
  else if (sinceSeconds !== undefined && sinceSeconds < 1)
    errors.push(fieldInvalid(fieldPath('sinceSeconds'), sinceSeconds, notPositive))
  // The gate PodLogsQuerySplitStreams is off.
  if (query.get('stream')) errors.push(fieldForbidden(fieldPath('stream'), 'may not be specified'))
  if (errors.length > 0) throw invalid('', 'PodLogOptions', podName, errors)
  const wanted = new URLSearchParams()
  for (const name of passedOn) {
    const value = query.get(name)
    if (value !== null) wanted.set(name, value)
  }
  return wanted
}

const negative = 'must be greater than or equal to 0'
const notPositive = 'must be greater than 0'
const oneOf = 'at most one of `sinceTime` or `sinceSeconds` may be specified'

function integer(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  if (/^[-+]?\d+$/.test(text)) return Number(text)
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}

function checkTime(text: string | null): void {
  if (!text || !Number.isNaN(parseTime(text))) return
  const layout = '2006-01-02T15:04:05Z07:00'
  throw badRequest(`parsing time "${text}" as "${layout}": cannot parse "${text}" as "2006"`)
}
