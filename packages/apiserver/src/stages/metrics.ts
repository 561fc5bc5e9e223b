import type { Clock, MetricsRegistry } from '@kemu/base'
import { namespaceScope, operationName } from './request-labels.ts'
import { statusOf } from '../request/status-of.ts'
import type { RequestContext } from '../request/api-request.ts'
import type { Stage } from './stage.ts'

/** apiserver_request_duration_seconds' buckets. */
const durationBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
]

const labels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component']

/** Counts and times requests under upstream's names. Long-running ones are counted, not timed. */
export function metricsStage(metrics: MetricsRegistry, clock: Clock): Stage {
  const total = metrics.counter(
    'apiserver_request_total',
    'Requests by verb, resource and HTTP code.',
    [...labels, 'code'],
  )
  const duration = metrics.histogram(
    'apiserver_request_duration_seconds',
    'Time from the arrival of a request to its answer.',
    durationBuckets,
    labels,
  )
  const inflight = metrics.gauge(
    'apiserver_current_inflight_requests',
    'Requests that are being worked on.',
    ['request_kind'],
  )
  return async (context, next) => {
    const startedMs = clock.monotonicMs()
    const values = labelsOf(context)
    const kind = [isReading(context) ? 'readOnly' : 'mutating']
    inflight.add(1, kind)
    let code = 200
    try {
      const answer = await next()
      if ('code' in answer) ({ code } = answer)
      return answer
    } catch (error) {
      code = statusOf(error).code ?? 500
      throw error
    } finally {
      inflight.add(-1, kind)
      total.inc([...values, String(code)])
      if (values[0] !== 'WATCH') duration.observe((clock.monotonicMs() - startedMs) / 1000, values)
    }
  }
}

function labelsOf({ request }: RequestContext): string[] {
  if (request.type === 'plain') {
    return [request.verb.toUpperCase(), '', '', '', rootOf(request.path), '', 'apiserver']
  }
  const { group, version, resource, subresource } = request.path
  const verb = request.type === 'connect' ? 'CONNECT' : operationName(request.operation.verb)
  return [verb, group, version, resource, subresource, namespaceScope(request.path), 'apiserver']
}

/** Words that a label may have: anybody may ask for any path. */
const roots = new Set([
  'api',
  'apis',
  'healthz',
  'livez',
  'metrics',
  'openapi',
  'readyz',
  'version',
])

function rootOf(path: string): string {
  const root = path.split('/')[1] ?? ''
  return roots.has(root) ? root : ''
}

function isReading({ request }: RequestContext): boolean {
  if (request.type === 'resource') return ['get', 'list', 'watch'].includes(request.operation.verb)
  return request.verb === 'get'
}
