import { badRequest } from '@kemu/api'
import type { DeleteOptions, ListOptions, WatchOptions, WriteOptions } from '../request/options.ts'

/** meta/v1 ListOptions of a query. Throws BadRequest for values of the wrong type. */
export function listOptionsOf(query: URLSearchParams): ListOptions {
  // Read of a list too, for whose sake nobody asks for it.
  integer(query, 'timeoutSeconds')
  return {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: integer(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    sendInitialEvents: boolean(query, 'sendInitialEvents'),
  }
}

export function watchOptionsOf(query: URLSearchParams): WatchOptions {
  return {
    ...listOptionsOf(query),
    allowBookmarks: boolean(query, 'allowWatchBookmarks') ?? false,
    timeoutSeconds: integer(query, 'timeoutSeconds') ?? 0,
  }
}

export function writeOptionsOf(query: URLSearchParams): WriteOptions {
  return {
    dryRun: query.getAll('dryRun'),
    fieldManager: query.get('fieldManager') ?? '',
    fieldValidation: query.get('fieldValidation') ?? '',
  }
}

/** Delete options may come as a query where there is no body. */
export function deleteOptionsOf(query: URLSearchParams): DeleteOptions {
  const gracePeriodSeconds = integer(query, 'gracePeriodSeconds')
  const orphanDependents = boolean(query, 'orphanDependents')
  const propagationPolicy = query.get('propagationPolicy')
  const dryRun = query.getAll('dryRun')
  return {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(orphanDependents !== undefined && { orphanDependents }),
    ...(propagationPolicy !== null && { propagationPolicy }),
    ...(dryRun.length > 0 && { dryRun }),
  }
}

/** Go's conversion: 0 and false are false, anything else is true; an empty value is true. */
export function boolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  return !/^(0|false)$/i.test(text)
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (/^[-+]?\d{1,18}$/.test(text)) return Number(text)
  const why = /^[-+]?\d+$/.test(text) ? 'value out of range' : 'invalid syntax'
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`)
}
