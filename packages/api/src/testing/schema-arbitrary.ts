import * as fc from 'fast-check'
import type { Definition, SchemaNode } from '../schema/schema-node.ts'

/**
 * * Values that a client might send where the schema wants an object of that definition: mostly fitting,
 * with fields missing, unknown and null ones, and now and then a value of another type. For property tests.
 */
export function bodyOf(definition: Definition, depth = 4): fc.Arbitrary<unknown> {
  return objectOf(definition, depth)
}

function objectOf(definition: Definition, depth: number): fc.Arbitrary<unknown> {
  const fields = [...definition.fields!.values()].filter(
    ({ node }) => depth > 0 || node.kind === 'string',
  )
  const model = Object.fromEntries(
    fields.map(({ name, node, enumValues }) => {
      const value = enumValues
        ? fc.oneof(fc.constantFrom(...enumValues), valueOf(node, depth - 1))
        : valueOf(node, depth - 1)
      return [name, value]
    }),
  )
  // A third of the fields at most: whole objects are large and all alike.
  const some = fc.subarray(
    fields.map(({ name }) => name),
    {
      maxLength: Math.min(fields.length, 3 + Math.ceil(fields.length / 3)),
    },
  )
  return some.chain((names) => {
    const chosen = Object.fromEntries(names.map((name) => [name, model[name]!]))
    return fc.record(chosen)
  })
}

function valueOf(node: SchemaNode, depth: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 60, arbitrary: fc.constant(undefined).chain(() => fitting(node, depth)) },
    { weight: 2, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom('x', 5, true, [], {}, -1) },
  )
}

function fitting(node: SchemaNode, depth: number): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'object':
      return objectOf(node.definition, depth)
    case 'list':
      return fc.array(valueOf(node.items, depth), { maxLength: 2 })
    case 'map':
      return fc.dictionary(word, valueOf(node.values, depth), { maxKeys: 2 })
    case 'string':
      return fc.oneof(word, fc.string({ maxLength: 5 }))
    case 'boolean':
      return fc.boolean()
    case 'int32':
    case 'int64':
      return fc.constantFrom(0, 1, 2, 80, -1, 70_000, 2_147_483_647)
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'bytes':
      return fc.constantFrom('', 'YQ==', 'YWI=')
    case 'quantity':
      return fc.constantFrom('1', '100m', '1Gi', '0', '-1', 2, 0.5)
    case 'time':
      return fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00')
    case 'microTime':
      return fc.constantFrom('2026-01-01T00:00:00.000000Z', '2026-01-01T01:00:00.123456+01:00')
    case 'intOrString':
      return fc.constantFrom(0, 80, 'http', '25%', '')
    case 'raw':
      return fc.constantFrom({}, { a: [1, { b: null }] }, 'x')
  }
}

const word = fc.constantFrom('a', 'web', 'example.com/x', 'default', 'v1', 'app')
