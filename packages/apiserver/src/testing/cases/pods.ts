import type { KubeObject } from '@kemu/api'
import type { ResourcePath } from '@kemu/client'
import { answerOf } from '../answer.ts'
import { path, pod } from './case.ts'
import type { Case } from './case.ts'

export const podsCases: readonly Case[] = [
  {
    name: 'gives a bound pod its time to end',
    async run({ admin, namespace }) {
      const pods = path('pods', { namespace })
      const at = (name: string): ResourcePath => ({ ...pods, name })
      await admin.create(pods, pod('bound', { nodeName: 'no-such-node' }))
      await admin.create(pods, pod('unbound'))
      const graceful = await answerOf(admin.delete(at('bound')))
      const longer = await answerOf(admin.delete(at('bound'), { gracePeriodSeconds: 60 }))
      const shorter = await answerOf(admin.delete(at('bound'), { gracePeriodSeconds: 3 }))
      const forced = await answerOf(admin.delete(at('bound'), { gracePeriodSeconds: 0 }))
      return {
        graceful,
        longer,
        shorter,
        forced,
        gone: await answerOf(admin.get(at('bound'))),
        unbound: await answerOf(admin.delete(at('unbound'))),
        unboundGone: await answerOf(admin.get(at('unbound'))),
      }
    },
  },
  {
    name: 'binds a pod to a node once',
    async run({ admin, namespace }) {
      const pods = path('pods', { namespace })
      const binding = { ...pods, name: 'p', subresource: 'binding' }
      const to = (name: string): object => ({
        kind: 'Binding',
        apiVersion: 'v1',
        metadata: { name: 'p' },
        target: { kind: 'Node', name },
      })
      await admin.create(pods, pod('p'))
      const first = await answerOf(admin.create(binding, to('n1')))
      const bound = (await admin.get({ ...pods, name: 'p' })) as KubeObject & {
        spec: { nodeName?: string }
        status: { conditions?: unknown }
      }
      return {
        first,
        node: bound.spec.nodeName,
        second: await answerOf(admin.create(binding, to('n2'))),
        wrongKind: await answerOf(
          admin.create(binding, { ...to('n2'), target: { kind: 'Pod', name: 'x' } }),
        ),
        absent: await answerOf(
          admin.create({ ...binding, name: 'q' }, { ...to('n1'), metadata: { name: 'q' } }),
        ),
      }
    },
  },
  {
    name: 'evicts what a disruption budget allows',
    async run({ admin, namespace }) {
      const pods = path('pods', { namespace })
      const budgets = path('poddisruptionbudgets', { group: 'policy', namespace })
      const evict = (name: string, subject = name) =>
        answerOf(
          admin.create(
            { ...pods, name, subresource: 'eviction' },
            { kind: 'Eviction', apiVersion: 'policy/v1', metadata: { name: subject } },
          ),
        )
      const ready = {
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      }
      const make = async (name: string, status?: object): Promise<void> => {
        await admin.create(pods, pod(name, {}, { labels: { app: 'a' } }))
        const at = { ...pods, name, subresource: 'status' }
        if (status) await admin.patch(at, 'strategic', status)
      }
      /** As the disruption controller counts; here none may run. */
      const counted = (status: object) =>
        admin.patch({ ...budgets, name: 'b', subresource: 'status' }, 'merge', { status })
      await make('held', ready)
      await make('pending')
      await admin.create(budgets, budget('b', 1))
      await counted({
        observedGeneration: 1,
        currentHealthy: 1,
        desiredHealthy: 1,
        expectedPods: 1,
        disruptionsAllowed: 0,
      })
      const refused = await evict('held')
      const pending = await evict('pending')
      await admin.patch({ ...budgets, name: 'b' }, 'merge', { spec: { minAvailable: 0 } })
      await counted({ observedGeneration: 2, desiredHealthy: 0, disruptionsAllowed: 1 })
      await admin.create(budgets, budget('other', 0))
      const two = await evict('held')
      await admin.delete({ ...budgets, name: 'other' })
      return {
        refused,
        pending,
        two,
        wrongName: await evict('held', 'else'),
        allowed: await evict('held'),
        gone: await evict('held'),
      }
    },
  },
  {
    name: 'updates status and spec apart from each other',
    async run({ admin, namespace }) {
      const pods = path('pods', { namespace })
      await admin.create(pods, pod('p'))
      const status = { ...pods, name: 'p', subresource: 'status' }
      const viaStatus = await answerOf(
        admin.patch(status, 'merge', { status: { phase: 'Running' }, spec: { priority: 5 } }),
      )
      const viaSpec = await answerOf(
        admin.patch({ ...pods, name: 'p' }, 'merge', { status: { phase: 'Failed' } }),
      )
      return { viaStatus, viaSpec }
    },
  },
  {
    name: 'scales a deployment by its scale',
    async run({ admin, namespace }) {
      const apps = { group: 'apps', namespace }
      const deployments = path('deployments', apps)
      const labels = { app: 'd' }
      await admin.create(deployments, {
        kind: 'Deployment',
        apiVersion: 'apps/v1',
        metadata: { name: 'd' },
        spec: {
          replicas: 0,
          paused: true,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [{ name: 'c', image: 'pause' }] },
          },
        },
      })
      const scale = { ...deployments, name: 'd', subresource: 'scale' }
      return {
        read: await answerOf(admin.get(scale)),
        patched: await answerOf(admin.patch(scale, 'merge', { spec: { replicas: 2 } })),
        negative: await answerOf(admin.patch(scale, 'merge', { spec: { replicas: -1 } })),
        absent: await answerOf(admin.get({ ...scale, name: 'e' })),
      }
    },
  },
]

function budget(name: string, minAvailable: number): object {
  return {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    metadata: { name },
    spec: { minAvailable, selector: { matchLabels: { app: 'a' } } },
  }
}
