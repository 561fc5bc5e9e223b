import t from 'tap'
import { kinds } from './registry.ts'

t.test('every kind has a resource, a schema and as many cells as columns', async (t) => {
  const names = kinds.map(({ type }) => `${type.resource}.${type.group}/${type.version}`)
  t.equal(new Set(names).size, names.length, 'no resource twice')
  for (const { type, schema, storage, verbs } of kinds) {
    t.match(schema, /^io\.k8s\.api\.\w+\.v\d\.[A-Z]\w+$/, `${type.kind} has a schema`)
    if (!storage) t.same(verbs, ['create'], `${type.kind} is only asked`)
  }
})

t.test('no two kinds store below the same prefix unless one is a form of the other', async (t) => {
  const prefixes = kinds.flatMap(({ storage }) => (storage && !storage.as ? storage.prefix : []))
  t.equal(new Set(prefixes).size, prefixes.length)
})
