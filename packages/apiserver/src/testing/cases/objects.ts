import { answerOf, settle } from '../answer.ts'
import { configMap, path, pod } from './case.ts'
import type { Case } from './case.ts'

export const objectsCases: readonly Case[] = [
  {
    name: 'creates, reads, replaces and deletes an object',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const one = { ...maps, name: 'one' }
      const created = await answerOf(admin.create(maps, configMap('one', { a: '1' })))
      const read = await admin.get(one)
      const replaced = await answerOf(admin.update(one, { ...read, data: { a: '2' } }))
      const stale = await answerOf(admin.update(one, { ...read, data: { a: '3' } }))
      const same = await admin.get(one)
      const unchanged = await admin.update(one, same)
      return {
        created,
        replaced,
        stale,
        keepsVersion: unchanged.metadata.resourceVersion === same.metadata.resourceVersion,
        deleted: await answerOf(admin.delete(one)),
        gone: await answerOf(admin.get(one)),
        again: await answerOf(admin.delete(one)),
      }
    },
  },
  {
    name: 'refuses what exists, what has no name, and what belongs elsewhere',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      await admin.create(maps, configMap('one'))
      const elsewhere = configMap('two', {}, { namespace: 'kube-public' })
      return {
        exists: await answerOf(admin.create(maps, configMap('one'))),
        nameless: await answerOf(admin.create(maps, configMap(''))),
        badName: await answerOf(admin.create(maps, configMap('Not_A_Name'))),
        badLabel: await answerOf(
          admin.create(maps, configMap('l', {}, { labels: { 'a b': 'c' } })),
        ),
        elsewhere: await answerOf(admin.create(maps, elsewhere)),
        noNamespace: await answerOf(
          admin.create(path('configmaps', { namespace: 'no-such' }), configMap('x')),
        ),
        wrongName: await answerOf(admin.update({ ...maps, name: 'other' }, configMap('one'))),
        noObject: await answerOf(admin.update({ ...maps, name: 'three' }, configMap('three'))),
      }
    },
  },
  {
    name: 'makes names and keeps what a name is made of',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const made = await admin.create(maps, {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { generateName: 'made-' },
      })
      return { made: settle(made), length: made.metadata.name.length }
    },
  },
  {
    name: 'checks what a field must be',
    async run({ admin, namespace }) {
      const pods = path('pods', { namespace })
      return {
        unknownStrict: await answerOf(
          admin.create(pods, pod('p', { nonsense: 1 }), { fieldValidation: 'Strict' }),
        ),
        wrongType: await answerOf(admin.create(pods, pod('p', { priority: 'high' }))),
        noContainers: await answerOf(admin.create(pods, pod('p', { containers: [] }))),
        immutable: await answerOf(
          admin.create(pods, pod('p')).then((made) =>
            admin.update(
              { ...pods, name: 'p' },
              {
                ...made,
                spec: {
                  ...(made as unknown as { spec: object }).spec,
                  terminationGracePeriodSeconds: 5,
                },
              },
            ),
          ),
        ),
        wrongKind: await answerOf(admin.create(pods, configMap('p'))),
      }
    },
  },
  {
    name: 'patches by each of the three kinds of patch',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const one = { ...maps, name: 'one' }
      await admin.create(maps, configMap('one', { a: '1', b: '2' }))
      return {
        merge: await answerOf(admin.patch(one, 'merge', { data: { a: null, c: '3' } })),
        json: await answerOf(
          admin.patch(one, 'json', [{ op: 'replace', path: '/data/b', value: '4' }]),
        ),
        failingTest: await answerOf(
          admin.patch(one, 'json', [{ op: 'test', path: '/data/b', value: 'x' }]),
        ),
        strategic: await answerOf(
          admin.patch(one, 'strategic', { metadata: { labels: { l: 'm' } } }),
        ),
        conflict: await answerOf(
          admin.patch(one, 'merge', { metadata: { resourceVersion: '1' }, data: { z: '1' } }),
        ),
        absent: await answerOf(admin.patch({ ...maps, name: 'two' }, 'merge', {})),
        rename: await answerOf(admin.patch(one, 'merge', { metadata: { name: 'two' } })),
      }
    },
  },
  {
    name: 'does nothing in a dry run',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const one = { ...maps, name: 'one' }
      const dryRun = { dryRun: true }
      const created = await answerOf(admin.create(maps, configMap('one'), dryRun))
      const absent = await answerOf(admin.get(one))
      await admin.create(maps, configMap('one', { a: '1' }))
      return {
        created,
        absent,
        patched: await answerOf(admin.patch(one, 'merge', { data: { a: '2' } }, dryRun)),
        deleted: await answerOf(admin.delete(one, dryRun)),
        kept: await answerOf(admin.get(one)),
      }
    },
  },
]
