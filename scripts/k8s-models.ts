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
  const member = /(?:\/\*\*\n((?:\s*\*[^\n]*\n)*?)\s*\*\/\n\s*)?'([^']+)'(\?)?: [^\n]+;\n/g
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
}
