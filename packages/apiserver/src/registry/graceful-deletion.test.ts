import t from 'tap'
import { formatTime } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import { planDeletion } from './graceful-deletion.ts'
import type { DeletionPlan } from './graceful-deletion.ts'
import type { DeleteOptions } from '../request/options.ts'

const nowMs = Date.parse('2026-01-01T00:00:00Z')
const abrupt = { defaultGarbageCollection: 'background' as const }
const graceful = { gracePeriodSeconds: (_: KubeObject, asked: number | undefined) => asked ?? 30 }

function object(metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  const base = { name: 'o', uid: 'u', resourceVersion: '1', creationTimestamp: formatTime(nowMs) }
  return { apiVersion: 'v1', kind: 'Thing', metadata: { ...base, ...metadata } }
}

function described(plan: DeletionPlan): unknown {
  if (plan.act !== 'mark') return plan.act
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers, generation } =
    plan.object.metadata
  return {
    deletionTimestamp,
    deletionGracePeriodSeconds,
    finalizers,
    generation,
    ...plan,
    object: 0,
    act: 0,
  }
}

const rows: {
  readonly name: string
  readonly object: KubeObject
  readonly options: DeleteOptions
  readonly strategy: Parameters<typeof planDeletion>[2]
  readonly wanted: unknown
}[] = [
  {
    name: 'an object without grace or finalizers goes at once',
    object: object(),
    options: {},
    strategy: abrupt,
    wanted: 'remove',
  },
  {
    name: 'a finalizer keeps it, marked, with its generation advanced',
    object: object({ finalizers: ['a/b'], generation: 3 }),
    options: {},
    strategy: abrupt,
    wanted: {
      deletionTimestamp: formatTime(nowMs),
      deletionGracePeriodSeconds: 0,
      finalizers: ['a/b'],
      generation: 4,
      removeAfter: false,
    },
  },
  {
    name: 'foreground deletion adds a finalizer of its own',
    object: object(),
    options: { propagationPolicy: 'Foreground' },
    strategy: abrupt,
    wanted: {
      deletionTimestamp: formatTime(nowMs),
      deletionGracePeriodSeconds: 0,
      finalizers: ['foregroundDeletion'],
      generation: undefined,
      removeAfter: false,
    },
  },
  {
    name: 'background deletion takes the other policies back',
    object: object({ finalizers: ['orphan'] }),
    options: { propagationPolicy: 'Background' },
    strategy: abrupt,
    wanted: 'remove',
  },
  {
    name: 'a kind that orphans by default does so',
    object: object(),
    options: {},
    strategy: { defaultGarbageCollection: 'orphan' },
    wanted: {
      deletionTimestamp: formatTime(nowMs),
      deletionGracePeriodSeconds: 0,
      finalizers: ['orphan'],
      generation: undefined,
      removeAfter: false,
    },
  },
  {
    name: 'a kind that the collector does not know takes no policy',
    object: object(),
    options: { propagationPolicy: 'Orphan' },
    strategy: { defaultGarbageCollection: 'unsupported' },
    wanted: 'remove',
  },
  {
    name: 'grace sets the end in the future',
    object: object({ generation: 1 }),
    options: {},
    strategy: graceful,
    wanted: {
      deletionTimestamp: formatTime(nowMs + 30_000),
      deletionGracePeriodSeconds: 30,
      finalizers: undefined,
      generation: 2,
      removeAfter: false,
    },
  },
  {
    name: 'no grace marks it and removes it after that',
    object: object(),
    options: { gracePeriodSeconds: 0 },
    strategy: graceful,
    wanted: {
      deletionTimestamp: formatTime(nowMs),
      deletionGracePeriodSeconds: 0,
      finalizers: undefined,
      generation: undefined,
      removeAfter: true,
    },
  },
  {
    name: 'a negative period counts as one second',
    object: object(),
    options: { gracePeriodSeconds: -5 },
    strategy: graceful,
    wanted: {
      deletionTimestamp: formatTime(nowMs + 1000),
      deletionGracePeriodSeconds: 1,
      finalizers: undefined,
      generation: undefined,
      removeAfter: false,
    },
  },
  {
    name: 'what terminates is not made to live longer',
    object: object({
      deletionTimestamp: formatTime(nowMs + 10_000),
      deletionGracePeriodSeconds: 10,
    }),
    options: { gracePeriodSeconds: 60 },
    strategy: graceful,
    wanted: 'nothing',
  },
  {
    name: 'a shorter period counts from the first request',
    object: object({
      deletionTimestamp: formatTime(nowMs + 25_000),
      deletionGracePeriodSeconds: 30,
    }),
    options: { gracePeriodSeconds: 10 },
    strategy: graceful,
    wanted: {
      deletionTimestamp: formatTime(nowMs + 5000),
      deletionGracePeriodSeconds: 10,
      finalizers: undefined,
      generation: undefined,
      removeAfter: false,
    },
  },
  {
    name: 'a shorter period that is over already leaves one second',
    object: object({
      deletionTimestamp: formatTime(nowMs + 5000),
      deletionGracePeriodSeconds: 30,
    }),
    options: { gracePeriodSeconds: 10 },
    strategy: graceful,
    wanted: {
      deletionTimestamp: formatTime(nowMs),
      deletionGracePeriodSeconds: 1,
      finalizers: undefined,
      generation: undefined,
      removeAfter: false,
    },
  },
]

t.test('decides what a delete request does', (t) => {
  for (const { name, object: before, options, strategy, wanted } of rows) {
    const plan = described(planDeletion(before, options, strategy, nowMs))
    t.same(
      plan,
      typeof wanted === 'string' ? wanted : { ...(wanted as object), object: 0, act: 0 },
      name,
    )
  }
  t.end()
})
