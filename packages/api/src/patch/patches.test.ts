import * as fc from 'fast-check'
import t from 'tap'
import { deepEqual, deepFreeze } from '../object.ts'
import { applyJsonPatch, JsonPatchError } from './json-patch.ts'
import type { JsonPatchOperation } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'

/** RFC 7386, appendix A, without its row of a null in a list: the library that upstream uses differs there. */
const mergeTable: [document: unknown, patch: unknown, result: unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]

t.test('merges as RFC 7386 says (appendix A)', async (t) => {
  for (const [document, patch, result] of mergeTable)
    t.strictSame(applyMergePatch(deepFreeze(document), patch), result, JSON.stringify(patch))
})

t.test('merging the same patch twice changes nothing more', async (t) => {
  // Nulls in lists are dropped or not by what was there before, as in the library that upstream uses.
  const value = fc.letrec((tie) => ({
    value: fc.oneof(fc.constant(null), fc.nat(3), fc.array(fc.nat(3)), tie('object')),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
  }))
  const { object } = value
  const property = fc.property(object, object, (document, patch) => {
    const once = applyMergePatch(document, patch)
    return deepEqual(applyMergePatch(once, patch), once)
  })
  t.doesNotThrow(() => fc.assert(property))
})

/** RFC 6902, appendix A; undefined where the patch must be refused. */
const jsonTable: [name: string, document: unknown, patch: JsonPatchOperation[], result: unknown][] =
  [
    [
      'A.1',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux' }],
      { baz: 'qux', foo: 'bar' },
    ],
    [
      'A.2',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    ['A.5', { baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      'A.6',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: {} },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { thud: 'fred' } },
    ],
    [
      'A.7',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    ['A.9', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }], undefined],
    [
      'A.10',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    ['A.12', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }], undefined],
    ['A.14', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    ['A.15', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }], undefined],
    [
      'A.16',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
  ]

t.test('takes steps as RFC 6902 says (appendix A)', async (t) => {
  for (const [name, document, patch, result] of jsonTable) {
    deepFreeze(document)
    if (result === undefined) t.throws(() => applyJsonPatch(document, patch), JsonPatchError, name)
    else t.strictSame(applyJsonPatch(document, patch), result, name)
  }
})

t.test('a value that is added twice is two values', async (t) => {
  const value = { list: [1] }
  const result = applyJsonPatch({}, [
    { op: 'add', path: '/a', value },
    { op: 'add', path: '/b', value },
    { op: 'add', path: '/a/list/-', value: 2 },
  ])
  t.strictSame(result, { a: { list: [1, 2] }, b: { list: [1] } })
  t.strictSame(value, { list: [1] })
})

t.test('a key called __proto__ is data', async (t) => {
  const patched = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { a: 1 } }])
  t.strictSame(Object.keys(patched as object), ['__proto__'])
  t.equal(({} as { a?: number }).a, undefined)
  const merged = applyMergePatch({}, JSON.parse('{"__proto__":{"a":1}}'))
  t.strictSame(Object.keys(merged as object), ['__proto__'])
})

t.test('adding and then removing at one place changes nothing', async (t) => {
  const documents = fc.record({ list: fc.array(fc.nat(), { maxLength: 4 }), map: fc.jsonValue() })
  const property = fc.property(documents, fc.nat(4), fc.jsonValue(), (document, at, value) => {
    const path = `/list/${Math.min(at, document.list.length)}`
    const patch = [
      { op: 'add', path, value },
      { op: 'remove', path },
    ]
    return deepEqual(applyJsonPatch(document, patch), JSON.parse(JSON.stringify(document)))
  })
  t.doesNotThrow(() => fc.assert(property))
})
