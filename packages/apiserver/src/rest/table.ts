import type { KubeObject } from '@kemu/api'
import type { TableDefinition } from '@kemu/api/kinds'
import { StoredObject } from '../cache/stored-object.ts'
import type { AnswerObject } from '../request/api-response.ts'
import type { Presentation } from './media-type.ts'

/** What a row carries of its object: `?includeObject=`. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

interface ColumnDefinition {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

const nameColumn: ColumnDefinition = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
}

export function columnDefinitions(table: TableDefinition): ColumnDefinition[] {
  const columns = table.columns.map(({ name, type, description, wide, format }) => ({
    name,
    type,
    format: format ?? '',
    description,
    priority: wide ? 1 : 0,
  }))
  return table.nameColumn === 'among' ? columns : [nameColumn, ...columns]
}

/** Rows of meta/v1 Table as JSON texts. */
export class TableWriter {
  readonly #table: TableDefinition
  readonly #include: IncludeObject
  readonly #version: Presentation['version']
  readonly #nowMs: number

  constructor(
    table: TableDefinition,
    include: IncludeObject,
    version: Presentation['version'],
    nowMs: number,
  ) {
    this.#table = table
    this.#include = include
    this.#version = version
    this.#nowMs = nowMs
  }

  /** Everything before the rows. */
  head(metadata: object, withColumns: boolean): string {
    const columns = withColumns ? columnDefinitions(this.#table) : null
    return `{"kind":"Table","apiVersion":"meta.k8s.io/${this.#version}","metadata":${JSON.stringify(metadata)},"columnDefinitions":${JSON.stringify(columns)},"rows":[`
  }

  row(answer: AnswerObject): string {
    const object = answer instanceof StoredObject ? answer.object : answer
    const table = this.#table
    const cells = table.cells(object, this.#nowMs)
    const name = table.name?.(object) ?? object.metadata.name ?? ''
    const all = table.nameColumn === 'among' ? cells : [name, ...cells]
    const conditions = table.conditions?.(object) ?? []
    const conditionText = conditions.length > 0 ? `,"conditions":${JSON.stringify(conditions)}` : ''
    return `{"cells":${JSON.stringify(all)}${conditionText},"object":${this.#object(answer, object)}}`
  }

  #object(answer: AnswerObject, object: KubeObject): string {
    switch (this.#include) {
      case 'None':
        return 'null'
      case 'Object':
        return answer instanceof StoredObject ? answer.json.toString() : JSON.stringify(answer)
      case 'Metadata':
        return partialMetadata(object, this.#version)
    }
  }
}

/** meta/v1 PartialObjectMetadata of an object. */
export function partialMetadata(object: KubeObject, version: Presentation['version']): string {
  return JSON.stringify({
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata,
  })
}
