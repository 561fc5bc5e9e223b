import type { KubeObject } from '@kemu/api'
import { answerOf } from '../answer.ts'
import { codeOf, path } from './case.ts'
import type { Case } from './case.ts'

export const othersCases: readonly Case[] = [
  {
    name: 'gives services addresses and node ports and refuses what is taken',
    async run({ admin, namespace }) {
      const services = path('services', { namespace })
      const service = (name: string, spec: object): object => ({
        kind: 'Service',
        apiVersion: 'v1',
        metadata: { name },
        spec: { ports: [{ port: 80 }], selector: { a: 'b' }, ...spec },
      })
      const made = (await admin.create(services, service('a', {}))) as KubeObject & {
        spec: { clusterIP: string; clusterIPs: string[] }
      }
      const port = { ports: [{ port: 80, nodePort: 31_999 }], type: 'NodePort' }
      await admin.create(services, service('b', port))
      const { clusterIP } = made.spec
      const taken = await answerOf(admin.create(services, service('c', { clusterIP })))
      return {
        isInRange: clusterIP.startsWith('10.'),
        plural: made.spec.clusterIPs.length === 1 && made.spec.clusterIPs[0] === clusterIP,
        taken: JSON.parse(JSON.stringify(taken).replaceAll(clusterIP, '<address>')) as unknown,
        outside: await answerOf(admin.create(services, service('d', { clusterIP: '192.168.0.1' }))),
        takenPort: await answerOf(admin.create(services, service('e', port))),
        wrongPort: await answerOf(
          admin.create(
            services,
            service('f', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }),
          ),
        ),
        changed: await answerOf(
          admin.patch({ ...services, name: 'a' }, 'merge', {
            spec: { clusterIP: '10.96.200.200', clusterIPs: ['10.96.200.200'] },
          }),
        ).then(
          (answer) =>
            JSON.parse(JSON.stringify(answer).replaceAll(clusterIP, '<address>')) as unknown,
        ),
        headless: await answerOf(admin.create(services, service('g', { clusterIP: 'None' }))),
        external: await answerOf(
          admin.create(services, {
            kind: 'Service',
            apiVersion: 'v1',
            metadata: { name: 'h' },
            spec: { type: 'ExternalName', externalName: 'example.com' },
          }),
        ),
      }
    },
  },
  {
    name: 'answers what is no resource',
    async run({ admin, namespace }) {
      return {
        group: codeOf(
          await answerOf(admin.list(path('configmaps', { group: 'no.such', namespace }))),
        ),
        resource: await answerOf(admin.list(path('nonsense', { namespace }))),
        subresource: await answerOf(
          admin.get(path('configmaps', { namespace, name: 'x', subresource: 'status' })),
        ),
        verb: await answerOf(admin.list(path('tokenreviews', { group: 'authentication.k8s.io' }))),
        clusterInNamespace: await answerOf(admin.list(path('nodes', { namespace }))),
      }
    },
  },
  {
    name: 'shows an event in both groups',
    async run({ admin, namespace }) {
      const core = path('events', { namespace })
      const created = await answerOf(
        admin.create(core, {
          kind: 'Event',
          apiVersion: 'v1',
          metadata: { name: 'e' },
          involvedObject: { kind: 'Pod', namespace, name: 'p' },
          reason: 'Tested',
          message: 'words',
          type: 'Normal',
          source: { component: 'test' },
          firstTimestamp: '2026-01-01T00:00:00Z',
          lastTimestamp: '2026-01-01T00:00:00Z',
          count: 1,
        }),
      )
      const newer = path('events', { group: 'events.k8s.io', namespace, name: 'e' })
      return { created, shown: await answerOf(admin.get(newer)) }
    },
  },
]
