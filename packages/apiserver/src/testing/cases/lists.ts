import { answerOf, namesOf } from '../answer.ts'
import { configMap, path } from './case.ts'
import type { Case } from './case.ts'

export const listsCases: readonly Case[] = [
  {
    name: 'selects by labels and fields, and refuses fields that are none',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      for (const [name, color] of [
        ['a', 'red'],
        ['b', 'blue'],
        ['c', 'red'],
      ] as const) {
        await admin.create(maps, configMap(name, {}, { labels: { color } }))
      }
      const names = async (labelSelector: string, fieldSelector = ''): Promise<unknown> =>
        admin.list(maps, { labelSelector, fieldSelector }).then(
          (list) => namesOf(list).filter((name) => name !== 'kube-root-ca.crt'),
          (error: unknown) => answerOf(Promise.reject(error)),
        )
      return {
        red: await names('color=red'),
        notRed: await names('color!=red'),
        either: await names('color in (red,blue),color notin (blue)'),
        byName: await names('', 'metadata.name=b'),
        notName: await names('color', 'metadata.name!=b'),
        badLabel: await names('color=(red'),
        badField: await names('', 'data.x=1'),
        podField: await answerOf(
          admin.list(path('pods', { namespace }), { fieldSelector: 'spec.image=x' }),
        ),
      }
    },
  },
  {
    name: 'lists in pages that are all of one moment',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const labelled = { labels: { paged: 'yes' } }
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        await admin.create(maps, configMap(name, {}, labelled))
      }
      const selector = { labelSelector: 'paged=yes', limit: 2 }
      const first = await admin.list(maps, selector)
      await admin.create(maps, configMap('bb', {}, labelled))
      const token = first.metadata.continue ?? ''
      const second = await admin.list(maps, { ...selector, continue: token })
      const third = await admin.list(maps, {
        ...selector,
        continue: second.metadata.continue ?? '',
      })
      return {
        pages: [first, second, third].map(namesOf),
        oneMoment:
          first.metadata.resourceVersion === second.metadata.resourceVersion &&
          first.metadata.resourceVersion === third.metadata.resourceVersion,
        ends: third.metadata.continue === undefined,
        badToken: await answerOf(admin.list(maps, { limit: 1, continue: 'bm90IGEgdG9rZW4' })),
        withVersion: await answerOf(
          admin.list(maps, { limit: 1, continue: token, resourceVersion: '5' }),
        ),
      }
    },
  },
  {
    name: 'gives lists of the moment that is asked for',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const labelSelector = 'seen=yes'
      const labelled = { labels: { seen: 'yes' } }
      const first = await admin.create(maps, configMap('a', {}, labelled))
      const second = await admin.create(maps, configMap('b', {}, labelled))
      const at = (
        resourceVersion: string,
        resourceVersionMatch?: 'Exact' | 'NotOlderThan',
      ): Promise<unknown> =>
        admin
          .list(maps, {
            labelSelector,
            resourceVersion,
            ...(resourceVersionMatch && { resourceVersionMatch }),
          })
          .then(namesOf, (error: unknown) => answerOf(Promise.reject(error)))
      return {
        now: await at(''),
        exact: await at(first.metadata.resourceVersion, 'Exact'),
        notOlder: await at(second.metadata.resourceVersion, 'NotOlderThan'),
        matchAlone: await at('', 'Exact'),
        exactZero: await at('0', 'Exact'),
        nonsense: await at('abc'),
      }
    },
  },
  {
    name: 'refuses a list from a future that has not come',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const far = { resourceVersion: '9000000000', resourceVersionMatch: 'NotOlderThan' as const }
      return { future: await answerOf(admin.list(maps, far)) }
    },
  },
]
