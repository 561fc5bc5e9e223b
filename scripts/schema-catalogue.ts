import { modelOf } from './k8s-models.ts'
import type { Field, Model } from './k8s-models.ts'
import type { DefinitionFacts, FieldFacts } from './schema-facts.ts'

/** A field as the catalogue states it; see packages/api/src/schema/catalogue.ts for the notation. */
export type CatalogueField = [
  name: string,
  type: string,
  presence: string,
  number: number,
  required: 0 | 1,
  flags?: Record<string, string>,
]

export type CatalogueDefinition = [flags: Record<string, string>, fields?: CatalogueField[]]

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/** Definitions that have no model because generated clients have a type of their own for them, by their Go names. */
const leaves: Record<string, string> = {
  'resource.Quantity': 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  'runtime.RawExtension': 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  'intstr.IntOrString': 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  'v1.Time': `${meta}.Time`,
  'v1.MicroTime': `${meta}.MicroTime`,
  'v1.FieldsV1': `${meta}.FieldsV1`,
}

/** Named Go maps and lists whose values are no plain strings; everything else follows from the model. */
const namedTypes: Record<string, string> = {
  'v1.ResourceList': 'map[string]resource.Quantity',
  'v1.JSONSchemaDependencies': 'map[string]v1.JSONSchemaPropsOrStringArray',
}

/** Brings models and facts together. */
export class CatalogueBuilder {
  readonly #models: Map<string, Model>
  readonly #facts: Map<string, DefinitionFacts>
  readonly #definitionOf = new Map<string, string>()

  constructor(models: Map<string, Model>, facts: Map<string, DefinitionFacts>) {
    this.#models = models
    this.#facts = facts
    for (const { name, fields } of facts.values()) {
      const model = modelOf(models, name)
      if (model && fields.length > 0) this.#definitionOf.set(model.name, name)
    }
  }

  definition(name: string): CatalogueDefinition {
    const facts = this.#facts.get(name)!
    const model = modelOf(this.#models, name)
    if (facts.fields.length === 0) return [facts.flags]
    if (!model) throw new Error(`no model of ${name}`)
    const stated = new Set(facts.fields.map((f) => f.name))
    const missing = model.fields.filter((f) => !stated.has(f.name))
    if (missing.length > 0) throw new Error(`${name}: no facts of ${missing[0]!.name}`)
    return [facts.flags, facts.fields.map((field) => this.#field(name, field, model))]
  }

  #field(definition: string, facts: FieldFacts, model: Model): CatalogueField {
    const field = model.fields.find((f) => f.name === facts.name)
    if (!field) throw new Error(`${definition} has no ${facts.name}`)
    const type = this.#type(field, facts.flags['go'], definition)
    const row: CatalogueField = [
      facts.name,
      type,
      facts.presence,
      facts.number,
      (facts.flags['required'] ? facts.flags['required'] === 'yes' : field.required) ? 1 : 0,
    ]
    if (Object.keys(facts.flags).length > 0) row.push(facts.flags)
    return row
  }

  #type(field: Field, go: string | undefined, definition: string): string {
    return this.#notation(field.type, field.format, go && (namedTypes[go] ?? go), definition)
  }

  /** `[]T` and `{}T` for lists and maps, `@definition`, or one of the plain types. */
  #notation(type: string, format: string, go: string | undefined, definition: string): string {
    if (go && leaves[go]) return `@${leaves[go]}`
    const array = /^Array<(.*)>$/.exec(type)
    if (array) return `[]${this.#notation(array[1]!, format, go?.replace(/^\[\]/, ''), definition)}`
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
    if (map)
      return `{}${this.#notation(map[1]!, format, go?.replace(/^map\[[\w.]+\]/, ''), definition)}`
    switch (type) {
      case 'string':
        return format === 'byte' ? 'bytes' : 'string'
      case 'boolean':
        return 'boolean'
      case 'number':
        return format || 'double'
      case 'Date':
        return `@${meta}.Time`
      case 'V1MicroTime':
        return `@${meta}.MicroTime`
      case 'IntOrString':
        return `@${leaves['intstr.IntOrString']}`
      case 'any':
        return this.#anyType(go, definition)
      default: {
        const target = this.#definitionOf.get(type)
        if (!target) throw new Error(`${definition}: no definition of ${type}`)
        return `@${target}`
      }
    }
  }

  #anyType(go: string | undefined, definition: string): string {
    if (go === undefined) return `@${leaves['runtime.RawExtension']}`
    const short = go.slice(go.indexOf('.') + 1)
    const own = `${definition.slice(0, definition.lastIndexOf('.'))}.${short}`
    if (!this.#facts.has(own)) throw new Error(`${definition}: what is ${go}?`)
    return `@${own}`
  }
}
