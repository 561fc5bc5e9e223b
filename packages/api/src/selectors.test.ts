import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import t from 'tap'
import { escapeFieldValue, FieldSelector, parseFieldSelector } from './field-selector.ts'
import { parseSelector, Selector, selectorOf, selectorOfMap } from './label-selector.ts'

const path = fileURLToPath(new URL('../recordings/selectors.json', import.meta.url))
const recorded = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>

function answer(parse: (text: string) => unknown, text: string): string {
  try {
    parse(text)
    return 'ok'
  } catch (error) {
    return (error as Error).message
  }
}

t.test('takes and refuses selectors with the words of the real API server', async (t) => {
  for (const [text, expected] of Object.entries(recorded['labelSelector']!))
    t.equal(answer(parseSelector, text), expected, `labels: ${text}`)
  for (const [text, expected] of Object.entries(recorded['fieldSelector']!))
    t.equal(answer(parseFieldSelector, text), expected, `fields: ${text}`)
})

t.test('matches labels as each operator says', async (t) => {
  const labels = { app: 'web', tier: '3' }
  for (const text of [
    '',
    'app',
    'app=web',
    'app!=x',
    'app in (a,web)',
    'x notin (a)',
    '!x',
    'tier>2',
  ])
    t.ok(parseSelector(text).matches(labels), text)
  for (const text of ['x', 'app=x', 'app!=web', 'app in (a)', 'app notin (web)', '!app', 'tier<3'])
    t.notOk(parseSelector(text).matches(labels), text)
})

t.test('an absent selector selects nothing, an empty one everything', async (t) => {
  t.notOk(selectorOf(undefined).matches({ a: 'b' }))
  t.ok(selectorOf({}).matches({ a: 'b' }))
  t.equal(selectorOf({}).empty, true)
  t.equal(Selector.nothing.empty, false)
})

t.test('prints requirements in the order of their keys', async (t) => {
  const selector = selectorOf({
    matchLabels: { z: '1' },
    matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }],
  })
  t.equal(selector.toString(), 'a in (x,y),z=1')
  t.equal(selectorOfMap({ b: '1', a: '2' }).toString(), 'a=2,b=1')
})

t.test('reads back every field selector that it prints', async (t) => {
  const requirement = fc.record({
    field: fc.constantFrom('metadata.name', 'spec.nodeName'),
    operator: fc.constantFrom('=' as const, '!=' as const),
    value: fc.string(),
  })
  const property = fc.property(fc.array(requirement), (requirements) => {
    const read = parseFieldSelector(new FieldSelector(requirements).toString())
    const sorted = (list: readonly object[]): string[] => {
      return list.map((r) => JSON.stringify(r)).sort()
    }
    return JSON.stringify(sorted(read.requirements)) === JSON.stringify(sorted(requirements))
  })
  t.doesNotThrow(() => fc.assert(property))
})

t.test('tells the one value that a field must have', async (t) => {
  const selector = parseFieldSelector(`metadata.name=${escapeFieldValue('a=b')},spec.nodeName!=n`)
  t.equal(selector.requiredValue('metadata.name'), 'a=b')
  t.equal(selector.requiredValue('spec.nodeName'), undefined)
  t.ok(selector.matches({ 'metadata.name': 'a=b', 'spec.nodeName': 'm' }))
  t.notOk(selector.matches({ 'metadata.name': 'a=b', 'spec.nodeName': 'n' }))
  t.notOk(selector.matches({}), 'a field that is not there is empty')
})
