import * as fc from 'fast-check'
import t from 'tap'
import { catalogue } from '../schema/catalogue.ts'
import { bodyOf } from '../testing/schema-arbitrary.ts'
import { decodeText, decodeValue } from './decode-text.ts'
import { parseJsonTree, plainJson } from './json-parser.ts'
import { DecodeError } from './object-decoder.ts'

const definitions = [
  'io.k8s.api.core.v1.Pod',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.core.v1.Secret',
  'io.k8s.api.core.v1.Node',
  'io.k8s.api.discovery.v1.EndpointSlice',
].map((name) => catalogue().definition(name))

const cases = fc
  .constantFrom(...definitions)
  .chain((definition) => bodyOf(definition).map((body) => ({ definition, body })))

/** undefined for a body that cannot be of the type. */
function decode({ definition, body }: { definition: (typeof definitions)[0]; body: unknown }) {
  try {
    return decodeText(definition, JSON.stringify(body))
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

t.test('decoding what was decoded changes nothing and finds nothing unknown', async (t) => {
  const property = fc.property(cases, ({ definition, body }) => {
    const first = decode({ definition, body })
    if (!first) return
    const second = decodeText(definition, JSON.stringify(first.object))
    t.strictSame(second.object, first.object)
    t.strictSame(second.strictErrors, [])
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 150 }))
})

t.test('a text and its data decode to the same object', async (t) => {
  const property = fc.property(cases, ({ definition, body }) => {
    const fromText = decode({ definition, body })
    if (!fromText) return
    const fromValue = decodeValue(definition, JSON.parse(JSON.stringify(body)))
    t.strictSame(fromValue.object, fromText.object)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60 }))
})

t.test('names every unknown field, wherever it stands', async (t) => {
  const property = fc.property(cases, ({ definition, body }) => {
    if (!decode({ definition, body })) return
    const more = { ...(body as object), zzz: { labels: 1 } }
    const { strictErrors } = decodeText(definition, JSON.stringify(more))
    t.ok(strictErrors.includes('unknown field "zzz"'))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60 }))
})

t.test('the exact parser reads what JSON.parse reads', async (t) => {
  const property = fc.property(fc.json(), (text) => {
    t.strictSame(plainJson(parseJsonTree(text)), JSON.parse(text))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
})

t.test('the exact parser refuses what JSON.parse refuses', async (t) => {
  const mutated = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ',', '1', 'x', '\\'))
  const property = fc.property(mutated, ([json, seed, insert]) => {
    const at = seed % (json.length + 1)
    const text = json.slice(0, at) + insert + json.slice(at + 1)
    t.equal(accepts(parseJsonTree, text), accepts(JSON.parse, text), text)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})

function accepts(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
