import { statusError } from '@kemu/api'
import type { MetricsRegistry } from '@kemu/base'
import type { FlowController } from '../flow-control/flow-controller.ts'
import type { LevelPlan } from '../flow-control/flow-plan.ts'
import { Rejected } from '../flow-control/seats.ts'
import type { Stage } from './stage.ts'

/**
 * Classifies requests by the flow schemas, and lets so many run at once as their priority levels allow (API priority
 * and fairness, KEP-1040). A watch counts while it is set up; conversations do not count.
 */
export function flowControlStage(flows: FlowController, metrics: MetricsRegistry): Stage {
  const { executing, dispatched, rejected } = registerMetrics(flows, metrics)
  return async (context, next) => {
    const { request, user, caller } = context
    if (request.type === 'connect') return next()
    const { schema, flow } = flows.classify(request, user)
    context.setHeader('X-Kubernetes-PF-FlowSchema-UID', schema.uid)
    context.setHeader('X-Kubernetes-PF-PriorityLevel-UID', schema.level.uid)
    const labels = [schema.level.name, schema.name]
    let leave: () => void
    try {
      leave = await flows.seats.take(schema.level.name, flow, caller)
    } catch (error) {
      if (!(error instanceof Rejected)) throw error
      rejected.inc([...labels, error.reason])
      throw tooMany()
    }
    dispatched.inc(labels)
    executing.add(1, labels)
    try {
      return await next()
    } finally {
      executing.add(-1, labels)
      leave()
    }
  }
}

function registerMetrics(flows: FlowController, metrics: MetricsRegistry) {
  const name = (word: string): string => `apiserver_flowcontrol_${word}`
  const limit = (word: string, help: string, seats: (plan: LevelPlan) => number): void =>
    metrics.samplesFrom('gauge', name(word), help, ['priority_level'], () =>
      flows.seats.levels.map(({ plan }) => ({ labels: [plan.name], value: seats(plan) })),
    )
  limit('nominal_limit_seats', 'Seats by shares.', ({ nominalSeats }) => nominalSeats)
  limit('lower_limit_seats', 'Seats that it keeps when others borrow.', ({ minSeats }) => minSeats)
  limit('upper_limit_seats', 'Seats that it has when it borrows.', ({ maxSeats }) => maxSeats)
  const labels = ['priority_level', 'flow_schema']
  const counter = (word: string, help: string, ...more: string[]) =>
    metrics.counter(name(word), help, [...labels, ...more])
  metrics.samplesFrom(
    'gauge',
    name('current_inqueue_requests'),
    'Requests that wait.',
    labels,
    () => flows.seats.levels.flatMap(({ plan, waiting }) => waitingBySchema(plan, waiting)),
  )
  return {
    executing: metrics.gauge(name('current_executing_requests'), 'Requests that run.', labels),
    dispatched: counter('dispatched_requests_total', 'Requests that were let pass.'),
    rejected: counter('rejected_requests_total', 'Requests that were turned away.', 'reason'),
  }
}

function waitingBySchema({ name }: LevelPlan, flows: readonly string[]) {
  const counts = new Map<string, number>()
  for (const flow of flows) {
    const [schema = ''] = flow.split('\0')
    counts.set(schema, (counts.get(schema) ?? 0) + 1)
  }
  return [...counts].map(([schema, value]) => ({ labels: [name, schema], value }))
}

function tooMany(): Error {
  return statusError('TooManyRequests', 'Too many requests, please try again later.', {
    retryAfterSeconds: 1,
  })
}
