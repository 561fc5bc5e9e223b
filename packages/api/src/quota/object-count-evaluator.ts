import type { KubeObject } from '../object.ts'
import { one } from './amounts.ts'
import type { Amounts } from './amounts.ts'
import type { QuotaChange, QuotaEvaluator } from './quota-evaluator.ts'

/** `count/deployments.apps`; the core group has no dot. */
function objectCountName(group: string, resource: string): string {
  return `count/${group === '' ? resource : `${resource}.${group}`}`
}

/** Counts objects, under `count/<resource>` and for some under an older name. */
export class ObjectCountEvaluator implements QuotaEvaluator {
  readonly group: string
  readonly resource: string
  readonly #names: readonly string[]

  constructor(group: string, resource: string, alias?: string) {
    this.group = group
    this.resource = resource
    this.#names = [objectCountName(group, resource), ...(alias === undefined ? [] : [alias])]
  }

  handles({ operation, subresource }: QuotaChange): boolean {
    return operation === 'CREATE' && subresource === ''
  }

  counted(names: readonly string[]): string[] {
    return names.filter((name) => this.#names.includes(name))
  }

  isInScope(): boolean {
    return false
  }

  missing(): undefined {
    return undefined
  }

  usage(_object: KubeObject): Amounts {
    return new Map(this.#names.map((name) => [name, one]))
  }
}
