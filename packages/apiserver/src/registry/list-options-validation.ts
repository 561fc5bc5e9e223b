import { invalid } from '@kemu/api'
import type { FieldError } from '@kemu/api'
import type { ListOptions, WatchOptions } from '../request/options.ts'

const notOlderThan = 'NotOlderThan'

/** Throws Invalid in the words of apimachinery's ValidateListOptions. */
export function checkListOptions(options: ListOptions): void {
  const { resourceVersionMatch: match, resourceVersion } = options
  const errors: FieldError[] = []
  if (options.sendInitialEvents !== undefined)
    errors.push({
      type: 'FieldValueForbidden',
      field: 'sendInitialEvents',
      detail: 'Forbidden: sendInitialEvents is forbidden for list',
    })
  if (match === '') return refuse(errors)
  if (resourceVersion === '')
    errors.push(
      matchForbidden('resourceVersionMatch is forbidden unless resourceVersion is provided'),
    )
  if (options.continue !== '') errors.push(matchForbidden(withContinue))
  if (match !== 'Exact' && match !== notOlderThan)
    errors.push(matchNotSupported(match, ['Exact', notOlderThan, '']))
  if (match === 'Exact' && resourceVersion === '0')
    errors.push(matchForbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  refuse(errors)
}

/** What a watch that says nothing of it means (SetListOptionsDefaults): the state first, then changes. */
export function withWatchDefaults(options: WatchOptions): WatchOptions {
  const { sendInitialEvents, resourceVersionMatch, resourceVersion } = options
  if (sendInitialEvents !== undefined || resourceVersionMatch !== '') return options
  if (resourceVersion !== '' && resourceVersion !== '0') return options
  return { ...options, sendInitialEvents: true, resourceVersionMatch: notOlderThan }
}

/** The same for a watch. */
export function checkWatchOptions(options: WatchOptions): void {
  const { resourceVersionMatch: match, sendInitialEvents } = options
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined && match !== notOlderThan) {
    errors.push(
      matchForbidden(`sendInitialEvents requires setting resourceVersionMatch to ${notOlderThan}`),
    )
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      errors.push(
        matchForbidden(
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      )
    }
    if (match !== notOlderThan) errors.push(matchNotSupported(match, [notOlderThan]))
    if (options.continue !== '') errors.push(matchForbidden(withContinue))
  }
  refuse(errors)
}

const withContinue = 'resourceVersionMatch is forbidden when continue is provided'

function matchForbidden(why: string): FieldError {
  return {
    type: 'FieldValueForbidden',
    field: 'resourceVersionMatch',
    detail: `Forbidden: ${why}`,
  }
}

function matchNotSupported(match: string, supported: readonly string[]): FieldError {
  const list = supported.map((value) => JSON.stringify(value)).join(', ')
  return {
    type: 'FieldValueNotSupported',
    field: 'resourceVersionMatch',
    detail: `Unsupported value: ${JSON.stringify(match)}: supported values: ${list}`,
  }
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid('meta.k8s.io', 'ListOptions', '', errors)
}
