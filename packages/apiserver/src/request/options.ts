import type { DeleteOptions as DeleteOptionsObject } from '@kemu/api'

/** meta/v1 ListOptions as asked; '' and 0 for what was not said. */
export interface ListOptions {
  readonly labelSelector: string
  readonly fieldSelector: string
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  readonly limit: number
  readonly continue: string
  /** Of a watch only (KEP-3157); said of a list it is refused. */
  readonly sendInitialEvents: boolean | undefined
}

export interface WatchOptions extends ListOptions {
  readonly allowBookmarks: boolean
  readonly timeoutSeconds: number
}

export interface WriteOptions {
  readonly dryRun: readonly string[]
  readonly fieldManager: string
  /** '', Ignore, Warn or Strict; '' means Warn. */
  readonly fieldValidation: string
}

export type DeleteOptions = Partial<DeleteOptionsObject>

export const emptyListOptions: ListOptions = {
  labelSelector: '',
  fieldSelector: '',
  resourceVersion: '',
  resourceVersionMatch: '',
  limit: 0,
  continue: '',
  sendInitialEvents: undefined,
}

export const emptyWriteOptions: WriteOptions = { dryRun: [], fieldManager: '', fieldValidation: '' }

export function isDryRun(options: { readonly dryRun?: readonly string[] }): boolean {
  return (options.dryRun ?? []).length > 0
}
