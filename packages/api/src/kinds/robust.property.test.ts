import fc from 'fast-check'
import t from 'tap'
import { deepCopy, deepFreeze } from '../object.ts'
import type { KubeObject } from '../object.ts'
import { isStatusError } from '../status-error.ts'
import { validateObjectMeta } from '../validation/object-meta.ts'
import type { KindDefinition } from './kind-definition.ts'
import { kinds } from './registry.ts'
import { contextFor, decode, kindOf, readRecording } from './testing/recording.ts'

/** A value somewhere in a body becomes something else, or nothing. */
interface Damage {
  readonly at: number
  readonly value: unknown
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(400),
  value: fc.constantFrom<unknown>(undefined, null, '', 'x', 0, -1, {}, [], [null], [{}], '1Gi'),
})

t.test(
  'answers to whatever the decoder lets through with errors, never with a crash',
  async (t) => {
    const bodies = readRecording('create').map(({ body }) => body)
    fc.assert(
      fc.property(fc.nat(bodies.length - 1), fc.array(damage, { maxLength: 4 }), (i, damages) => {
        const body = damages.reduce(hurt, deepCopy(bodies[i]!))
        const definition = kindOf(bodies[i]!)
        const object = decodeOrUndefined(body, definition)
        if (object) walk(object, definition)
      }),
      { numRuns: 3000, seed: 7, includeErrorInReport: true },
    )
    t.pass('3000 damaged bodies')
  },
)

t.test('answers to an object without anything in it', async (t) => {
  for (const definition of kinds) {
    const { type } = definition
    const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
    const object = decodeOrUndefined({ apiVersion, kind: type.kind, metadata: {} }, definition)
    t.doesNotThrow(() => object && walk(object, definition), type.kind)
  }
})

function decodeOrUndefined(body: unknown, definition: KindDefinition): KubeObject | undefined {
  try {
    return decode(body, definition)
  } catch (error) {
    if (isStatusError(error)) return undefined
    throw error
  }
}

/** All that the server does with an object on its way in, out and to its columns. */
function walk(object: KubeObject, definition: KindDefinition): void {
  const { strategy, type } = definition
  const context = contextFor(definition)
  strategy.setDefaults(object)
  const old = deepFreeze(deepCopy(object))
  strategy.prepareForCreate(object, context)
  strategy.canonicalize?.(object)
  const rules = { namespaced: type.namespaced, name: strategy.nameRule }
  const errors = [
    ...validateObjectMeta(object.metadata, rules),
    ...strategy.validate(object, context),
  ]
  strategy.warnings?.(object, undefined)
  // What breaks rules is never stored, updated or shown.
  if (errors.length > 0) return
  showAndUpdate(object, old, definition)
}

function showAndUpdate(object: KubeObject, old: KubeObject, definition: KindDefinition): void {
  const { strategy, table } = definition
  const context = contextFor(definition)
  const cells = table.cells(object, context.nowMs)
  if (cells.length !== table.columns.length) throw new Error('cells and columns differ in number')
  if (cells.includes(undefined as never)) throw new Error('a cell is undefined')
  definition.selectableFields?.(object)
  const changed = deepCopy(object)
  strategy.prepareForUpdate(changed, old, context)
  strategy.validateUpdate(changed, old, context)
  for (const subresource of definition.subresources) {
    if (subresource.form === 'action' || subresource.form === 'scale') continue
    const part = deepCopy(object)
    subresource.prepareForUpdate(part, old, context)
    subresource.validateUpdate(part, old, context)
  }
}

/** Visits the values in a fixed order and changes the one with that number. */
function hurt(body: KubeObject, { at, value }: Damage): KubeObject {
  let left = at
  const visit = (node: unknown): boolean => {
    if (node === null || typeof node !== 'object') return false
    for (const key of Object.keys(node)) {
      if (key === 'apiVersion' || key === 'kind') continue
      if (left-- === 0) {
        ;(node as Record<string, unknown>)[key] = value
        return true
      }
      if (visit((node as Record<string, unknown>)[key])) return true
    }
    return false
  }
  visit(body)
  return body
}
