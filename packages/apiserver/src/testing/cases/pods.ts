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
