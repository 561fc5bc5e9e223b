import { Quantity } from '@kemu/api'
import type { LimitRange } from '@kemu/api'

type LimitItem = LimitRange['spec']['limits'][number]
type Amounts = Readonly<Record<string, string>>

/** What a container, a pod or a claim states; `none`: it cannot state limits, and its requests are bounded in their place. */
export interface Stated {
  readonly requests?: Amounts
  readonly limits?: Amounts | 'none'
}

/** The bounds of one item that are broken, in upstream's words (limitranger's constraint functions). */
export function brokenLimits(item: LimitItem, { requests = {}, limits = {} }: Stated): string[] {
  const own = limits === 'none' ? {} : limits
  const each = (
    bounds: Amounts | undefined,
    check: (subject: Subject) => string | undefined,
  ): string[] =>
    Object.entries(bounds ?? {})
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([name, bound]) => {
        const [request, limit] = [read(requests[name]), read(own[name])]
        const found = check({ name, type: item.type, bound: Quantity.parse(bound), request, limit })
        return found === undefined ? [] : [found]
      })
  return [
    ...each(item.min, belowMinimum),
    ...each(item.max, limits === 'none' ? requestAboveMaximum : aboveMaximum),
    ...each(item.maxLimitRequestRatio, aboveRatio),
  ]
}

interface Subject {
  readonly name: string
  readonly type: string
  readonly bound: Quantity
  readonly request: Quantity | undefined
  readonly limit: Quantity | undefined
}

function read(text: string | undefined): Quantity | undefined {
  return text === undefined ? undefined : Quantity.parse(text)
}

function belowMinimum({ name, type, bound, request, limit }: Subject): string | undefined {
  const rule = `minimum ${name} usage per ${type} is ${bound.toString()}`
  if (!request) return `${rule}.  No request is specified`
  if (request.compare(bound) < 0) return `${rule}, but request is ${request.toString()}`
  if (limit && limit.compare(bound) < 0) return `${rule}, but limit is ${limit.toString()}`
  return undefined
}

function aboveMaximum({ name, type, bound, request, limit }: Subject): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${bound.toString()}`
  if (!limit) return `${rule}.  No limit is specified`
  if (limit.compare(bound) > 0) return `${rule}, but limit is ${limit.toString()}`
  if (request && request.compare(bound) > 0) return `${rule}, but request is ${request.toString()}`
  return undefined
}

function requestAboveMaximum({ name, type, bound, request }: Subject): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${bound.toString()}`
  if (!request) return `${rule}.  No request is specified`
  return request.compare(bound) > 0 ? `${rule}, but request is ${request.toString()}` : undefined
}

function aboveRatio({ name, type, bound, request, limit }: Subject): string | undefined {
  const rule = `${name} max limit to request ratio per ${type} is ${bound.toString()}`
  if (!request || request.nanos === 0n)
    return `${rule}, but no request is specified or request is 0`
  if (!limit || limit.nanos === 0n) return `${rule}, but no limit is specified or limit is 0`
  const ratio = Number(limit.nanos) / Number(request.nanos)
  return ratio * 1e9 > Number(bound.nanos)
    ? `${rule}, but provided ratio is ${ratio.toFixed(6)}`
    : undefined
}
