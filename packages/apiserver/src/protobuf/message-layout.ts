import type { Definition, Field } from '@kemu/api/schema'
import { WireError } from './wire-reader.ts'

/**
 * The field numbers of structs that JSON shows inline and protobuf does not; owners differ where
 * said.
 */
const inlinedNumbers: Readonly<Record<string, number | Readonly<Record<string, number>>>> = {
  EphemeralContainerCommon: 1,
  LocalObjectReference: 1,
  ProbeHandler: 1,
  PersistentVolumeSource: 2,
  VolumeSource: 2,
  IngressRuleValue: 2,
  Rule: 2,
  RuleWithOperations: 2,
  DeviceConfiguration: {
    DeviceClassConfiguration: 1,
    DeviceClaimConfiguration: 2,
    DeviceAllocationConfiguration: 3,
  },
}

/** One level of a message: its fields by number, and the inlined structs that hold more of them. */
export interface Layout {
  readonly fields: Map<number, Field>
  readonly inlined: Map<number, Layout>
}

const layouts = new WeakMap<Definition, Layout>()

export function layoutOf(definition: Definition): Layout {
  let layout = layouts.get(definition)
  if (!layout) layouts.set(definition, (layout = makeLayout(definition)))
  return layout
}

function makeLayout(definition: Definition): Layout {
  const layout: Layout = { fields: new Map(), inlined: new Map() }
  for (const field of definition.fields?.values() ?? []) {
    // The envelope carries apiVersion and kind.
    if (field.protobufNumber === 0 || field.via.includes('TypeMeta')) continue
    let at = layout
    let owner = definition.shortName
    for (const name of field.via) {
      at = inlinedLayout(at, name, owner)
      owner = name
    }
    at.fields.set(field.protobufNumber, field)
  }
  return layout
}

function inlinedLayout({ inlined }: Layout, name: string, owner: string): Layout {
  const known = inlinedNumbers[name]
  const number = typeof known === 'object' ? known[owner] : known
  if (number === undefined) throw new WireError(`no field number of ${name} in ${owner}`)
  let layout = inlined.get(number)
  if (!layout) inlined.set(number, (layout = { fields: new Map(), inlined: new Map() }))
  return layout
}
