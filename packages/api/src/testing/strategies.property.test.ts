import * as fc from 'fast-check'
import t from 'tap'
import { decodeText } from '../decode/decode-text.ts'
import { DecodeError } from '../decode/object-decoder.ts'
import { kinds } from '../kinds/registry.ts'
import type { KindDefinition, RequestContext } from '../kinds/kind-definition.ts'
import { deepCopy } from '../object.ts'
import type { KubeObject } from '../object.ts'
import { catalogue } from '../schema/catalogue.ts'
import { bodyOf } from './schema-arbitrary.ts'

const context: RequestContext = {
  nowMs: Date.UTC(2026, 0),
  user: { name: 'somebody', groups: [], uid: '' },
  namespace: 'default',
}

/** What the server hands to a strategy; undefined for a body that it refuses. */
function objectOf(kind: KindDefinition, body: unknown): KubeObject | undefined {
  try {
    const definition = catalogue().definition(kind.schema)
    const object = decodeText(definition, JSON.stringify(body)).object as unknown as KubeObject
    object.metadata ??= { name: '', uid: '', resourceVersion: '', creationTimestamp: '' }
    return object
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

for (const kind of kinds) {
  t.test(`no body of a ${kind.type.kind} that decodes makes its rules fail`, async (t) => {
    const bodies = bodyOf(catalogue().definition(kind.schema), 5)
    const property = fc.property(fc.oneof(fc.constant({}), bodies), (body) => {
      const object = objectOf(kind, body)
      if (!object) return
      const { strategy } = kind
      strategy.setDefaults(object)
      const defaulted = deepCopy(object)
      strategy.setDefaults(object)
      t.strictSame(object, defaulted, 'defaults fill once')
      strategy.prepareForCreate(object, context)
      strategy.validate(object, context)
      strategy.warnings?.(object, undefined)
      strategy.prepareForUpdate(deepCopy(object), defaulted, context)
      strategy.validateUpdate(deepCopy(object), defaulted, context)
      kind.table.cells(object, context.nowMs)
      kind.selectableFields?.(object)
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 40 }))
  })
}
