import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One field of a model, as the generated client code states it. */
export interface Field {
  readonly name: string
  /** The generator's notation: `string`, `Array<V1Container>`, `{ [key: string]: string; }`, `Date` ... */
  readonly type: string
  readonly format: string
  readonly required: boolean
  readonly description: string
}

export interface Model {
  /** With its version prefix: V1Pod, CoreV1Event. */
  readonly name: string
  readonly description: string
  readonly fields: readonly Field[]
}

/** Reads every model of a folder of generated `.js` and `.d.ts` files as text; nothing is imported. */
export function readModels(folder: string): Map<string, Model> {
  const models = new Map<string, Model>()
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.d.ts') || file === 'all.d.ts' || file === 'ObjectSerializer.d.ts') continue
    const name = file.slice(0, -'.d.ts'.length)
    models.set(
      name,
      readModel(
        name,
        readFileSync(join(folder, file), 'utf8'),
        readFileSync(join(folder, `${name}.js`), 'utf8'),
      ),
    )
  }
  return models
}

function readModel(name: string, declaration: string, code: string): Model {
  const stated = new Map<string, { required: boolean; description: string }>()
  const member = /(?:\/\*\*\n((?:\s*\*[^\n]*\n)*?)\s*\*\/\n\s*)?'([^']+)'(\?)?: /g
  const body = declaration.slice(declaration.indexOf('export declare class'))
  for (const [, comment = '', field, optional] of body.matchAll(member)) {
    stated.set(field!, { required: optional === undefined, description: plainText(comment) })
  }
  const table = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(code)?.[1] ?? '[]'
  const attributes = JSON.parse(table) as {
    name: string
    baseName: string
    type: string
    format: string
  }[]
  const classComment =
    /\/\*\*\n((?:\*[^\n]*\n)*)\*\/\nexport declare class/.exec(declaration)?.[1] ?? ''
  return {
    name,
    description: plainText(classComment),
    fields: attributes.map((a) => ({
      name: a.baseName,
      type: a.type,
      format: a.format,
      required: stated.get(a.name)?.required ?? false,
      description: stated.get(a.name)?.description ?? '',
    })),
  }
}

function plainText(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
    .replaceAll(/\\(['"])/g, '$1')
    .replaceAll(/\\?&(quot|#39|lt|gt|amp|#x60|#x3D);/g, (_, name: string) => entities[name]!)
}

/** The generator escapes prose as if it were HTML. */
const entities: Readonly<Record<string, string>> = {
  quot: '"',
  '#39': "'",
  lt: '<',
  gt: '>',
  '#x60': '`',
  '#x3D': '=',
  amp: '&',
}

/** The model of an OpenAPI definition: io.k8s.api.core.v1.Event is CoreV1Event, io.k8s.api.core.v1.Pod is V1Pod. */
export function modelOf(models: Map<string, Model>, definition: string): Model | undefined {
  const [name = '', version = '', group = ''] = definition.split('.').reverse()
  const versioned = version.replace(/^v/, 'V') + name
  const ofGroup = group.replace(/^./, (first) => first.toUpperCase()) + versioned
  return models.get(ofGroup) ?? models.get(versioned) ?? models.get(`V1${name}`) ?? models.get(name)
}

/** The Go type that a model's type stands for, where nothing else is known. */
export function goTypeOf(type: string, format: string): string {
  const array = /^Array<(.*)>$/.exec(type)
  if (array) return `[]${goTypeOf(array[1]!, format)}`
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
  if (map) return `map[string]${goTypeOf(map[1]!, format)}`
  switch (type) {
    case 'string':
      return format === 'byte' ? '[]byte' : 'string'
    case 'boolean':
      return 'bool'
    case 'number':
      return format === 'double' || format === '' ? 'float64' : format
    case 'Date':
      return 'v1.Time'
    case 'IntOrString':
      return 'intstr.IntOrString'
    case 'any':
      return 'runtime.RawExtension'
    default: {
      const [, version = 'V1', name = type] =
        /^(?:[A-Z][a-z]+)?(V\d+(?:[a-z]+\d+)?)([A-Z].*)$/.exec(type) ?? []
      return `${version.toLowerCase()}.${name}`
    }
  }
}

/**
 * What the operations of the generated clients say of their parameters: `<operation prefix>.<parameter>`, where the operation
 * is the first that has it (`listNamespacedPod.limit`). Texts differ by verb, so the verb is part of the key.
 */
export function readParameterDescriptions(folder: string): Record<string, string> {
  const texts: Record<string, string> = {}
  const text = readFileSync(join(folder, 'CoreV1Api.d.ts'), 'utf8')
  for (const [, comment = '', operation = ''] of text.matchAll(
    /\/\*\*\n((?:\s*\*[^\n]*\n)*?)\s*\*\/\n\s*([a-z]\w+)\(/g,
  )) {
    for (const [, name, description = ''] of comment.matchAll(/@param (\w+) ([^\n]*)/g))
      texts[`${operation}.${name}`] ??= plainText(description)
  }
  return texts
}
