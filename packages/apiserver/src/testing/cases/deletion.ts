import type { KubeObject } from '@kemu/api'
import { answerOf, namesOf } from '../answer.ts'
import { configMap, path } from './case.ts'
import type { Case } from './case.ts'

export const deletionCases: readonly Case[] = [
  {
    name: 'keeps an object until its last finalizer is gone',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const one = { ...maps, name: 'one' }
      await admin.create(maps, configMap('one', {}, { finalizers: ['example.com/hold'] }))
      const deleted = await answerOf(admin.delete(one))
      const added = await answerOf(
        admin.patch(one, 'merge', {
          metadata: { finalizers: ['example.com/hold', 'example.com/more'] },
        }),
      )
      const released = await answerOf(admin.patch(one, 'merge', { metadata: { finalizers: null } }))
      return { deleted, added, released, gone: await answerOf(admin.get(one)) }
    },
  },
  {
    name: "turns propagation policies into the collector's finalizers",
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const hold = { finalizers: ['example.com/hold'] }
      const deletion = async (
        name: string,
        propagationPolicy: 'Background' | 'Foreground' | 'Orphan',
      ): Promise<unknown> => {
        await admin.create(maps, configMap(name, {}, hold))
        const answer = await answerOf(admin.delete({ ...maps, name }, { propagationPolicy }))
        await admin.patch({ ...maps, name }, 'merge', { metadata: { finalizers: null } })
        return answer
      }
      return {
        background: await deletion('a', 'Background'),
        foreground: await deletion('b', 'Foreground'),
        orphan: await deletion('c', 'Orphan'),
      }
    },
  },
  {
    name: 'deletes only under the conditions that are stated',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const one = { ...maps, name: 'one' }
      const { metadata } = await admin.create(maps, configMap('one'))
      return {
        wrongUid: await answerOf(admin.delete(one, { preconditions: { uid: 'other' } })),
        wrongVersion: await answerOf(
          admin.delete(one, { preconditions: { resourceVersion: '1' } }),
        ),
        right: await answerOf(
          admin.delete(one, {
            preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
          }),
        ),
      }
    },
  },
  {
    name: 'deletes a collection by its labels',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      for (const name of ['a', 'b']) {
        await admin.create(maps, configMap(name, {}, { labels: { group: 'x' } }))
      }
      await admin.create(maps, configMap('c', {}, { labels: { group: 'y' } }))
      await admin.deleteCollection(maps, { labelSelector: 'group=x' })
      return namesOf(await admin.list(maps, { labelSelector: 'group' }))
    },
  },
  {
    name: 'takes away what a namespace holds on to only through its controller',
    async run({ admin, namespace }) {
      const name = `${namespace}-inner`
      const namespaces = path('namespaces')
      const inner = { ...namespaces, name }
      const created = await answerOf(
        admin.create(namespaces, { kind: 'Namespace', apiVersion: 'v1', metadata: { name } }),
      )
      return {
        created: (created as { object: { spec: unknown; status: unknown } }).object.spec,
        immortal: await answerOf(admin.delete({ ...namespaces, name: 'kube-system' })),
        absent: await answerOf(admin.delete({ ...namespaces, name: 'no-such' })),
        wrongVerb: await answerOf(admin.deleteCollection(namespaces, {})),
        clean: await answerOf(
          admin.delete(inner).then(({ status }: KubeObject & { status?: unknown }) => status),
        ),
      }
    },
  },
]
