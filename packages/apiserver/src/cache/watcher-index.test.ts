import t from 'tap'
import { StoredObject } from './stored-object.ts'
import { Watcher } from './watcher.ts'
import type { WatchScope } from './watcher.ts'
import { WatcherIndex } from './watcher-index.ts'

function objectAt(key: string, revision: number, nodeName: string): StoredObject {
  const [namespace, name] = key.split('/')
  const value = Buffer.from(JSON.stringify({ kind: 'Pod', metadata: { namespace, name } }))
  return StoredObject.written(key, value, revision, { labels: {}, fields: { node: nodeName } })
}

const scopes: Readonly<Record<string, Partial<WatchScope>>> = {
  everything: {},
  'namespace a': { namespace: 'a' },
  'x in a': { namespace: 'a', name: 'x' },
  'x in b': { namespace: 'b', name: 'x' },
  'x in all namespaces': { name: 'x' },
  'on node n': { indexed: 'n' },
}

t.test('a change reaches every watch that may want it, and no other', (t) => {
  const index = new WatcherIndex('node')
  const watchers = new Map<string, Watcher>()
  for (const [what, scope] of Object.entries(scopes)) {
    const watcher = new Watcher({ namespace: '', name: '', matches: () => true, ...scope }, [])
    watchers.set(what, watcher)
    index.add(watcher, false)
  }
  const object = objectAt('a/x', 7, 'n')
  index.dispatch({ revision: 7, type: 'put', object, previous: undefined, atMs: 0 })
  const told = [...watchers].filter(([, watcher]) => watcher.take(10).length > 0)
  t.same(
    told.map(([what]) => what),
    ['everything', 'namespace a', 'x in a', 'x in all namespaces', 'on node n'],
  )
  for (const watcher of watchers.values()) index.delete(watcher)
  t.equal(index.size, 0)
  t.end()
})
