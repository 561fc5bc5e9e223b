import { configMap, path, watchUntil } from './case.ts'
import type { Case } from './case.ts'

export const watchesCases: readonly Case[] = [
  {
    name: 'watches from a version on, in order, with what comes into sight and leaves it',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const labels = (on: string): object => ({ labels: { on } })
      const { metadata } = await admin.create(maps, configMap('start', {}, labels('no')))
      await admin.create(maps, configMap('a', { v: '1' }, labels('yes')))
      await admin.patch({ ...maps, name: 'a' }, 'merge', { data: { v: '2' } })
      await admin.patch({ ...maps, name: 'a' }, 'merge', { metadata: labels('no') })
      await admin.patch({ ...maps, name: 'a' }, 'merge', { metadata: labels('yes') })
      await admin.delete({ ...maps, name: 'a' })
      const options = { resourceVersion: metadata.resourceVersion, labelSelector: 'on=yes' }
      return watchUntil(admin, maps, options, (events) => events.length === 5)
    },
  },
  {
    name: 'watches from the state that is, and marks its end when asked to',
    async run({ admin, namespace }) {
      const maps = path('configmaps', { namespace })
      const labelled = { labels: { initial: 'yes' } }
      await admin.create(maps, configMap('a', {}, labelled))
      await admin.create(maps, configMap('b', {}, labelled))
      const labelSelector = 'initial=yes'
      const initial = await watchUntil(
        admin,
        maps,
        {
          labelSelector,
          sendInitialEvents: true,
          resourceVersionMatch: 'NotOlderThan',
          allowBookmarks: true,
        },
        (events) => events.at(-1)?.type === 'BOOKMARK',
      )
      const zero = await watchUntil(
        admin,
        maps,
        { labelSelector, resourceVersion: '0' },
        (events) => events.length === 2,
      )
      return { initial, zero }
    },
  },
]
