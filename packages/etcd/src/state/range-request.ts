import { RangeRequestSortOrder, RangeRequestSortTarget } from '@kemu/rpc/etcd-codec'
import type { KeyValue, RangeRequest, RangeResponse } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { Store } from '../mvcc/store.ts'
import type { Version } from '../mvcc/version.ts'

/** A Range as the store answers it; the header's revision only, the rest of it is the server's. */
export function executeRange(store: Store, request: RangeRequest): Init<RangeResponse> {
  const mustSeeAll = request.sortOrder !== RangeRequestSortOrder.NONE || hasRevisionBounds(request)
  const { kvs, count, revision } = store.range(request.key, request.rangeEnd, {
    revision: request.revision,
    // One more than asked for tells whether there are more.
    limit: mustSeeAll || request.limit <= 0 ? 0 : request.limit + 1,
    countOnly: request.countOnly,
  })
  let found: Version[] = hasRevisionBounds(request)
    ? kvs.filter((kv) => isWithinBounds(kv, request))
    : kvs
  found = sorted(found, request)
  const more = request.limit > 0 && found.length > request.limit
  if (more) found = found.slice(0, request.limit)
  const shown: readonly Init<KeyValue>[] = request.keysOnly
    ? found.map((kv) => ({ ...kv, value: '' }))
    : found
  return { header: { revision }, kvs: shown, more, count }
}

function hasRevisionBounds(request: RangeRequest): boolean {
  return (
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0
  )
}

function isWithinBounds(kv: Version, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request
  return (
    (maxModRevision === 0 || kv.modRevision <= maxModRevision) &&
    kv.modRevision >= minModRevision &&
    (maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision) &&
    kv.createRevision >= minCreateRevision
  )
}

/** The store gives keys in rising order; every other order is made here. */
function sorted(kvs: Version[], { sortOrder, sortTarget }: RangeRequest): Version[] {
  const isByKey = sortTarget === RangeRequestSortTarget.KEY
  if (isByKey && sortOrder !== RangeRequestSortOrder.DESCEND) return kvs
  const compare = comparators[sortTarget]!
  const isDescending = sortOrder === RangeRequestSortOrder.DESCEND
  return kvs.toSorted(isDescending ? (a, b) => compare(b, a) : compare)
}

const comparators: Readonly<Record<number, (a: Version, b: Version) => number>> = {
  [RangeRequestSortTarget.KEY]: (a, b) => compareText(a.key, b.key),
  [RangeRequestSortTarget.VERSION]: (a, b) => a.version - b.version,
  [RangeRequestSortTarget.CREATE]: (a, b) => a.createRevision - b.createRevision,
  [RangeRequestSortTarget.MOD]: (a, b) => a.modRevision - b.modRevision,
  [RangeRequestSortTarget.VALUE]: (a, b) => compareText(a.value, b.value),
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
