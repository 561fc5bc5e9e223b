import { assert } from '@kemu/base'
import type { KubeObject } from '../../object.ts'
import type { ResourceType } from '../../resource-type.ts'
import { nameIsDnsSubdomain } from '../../validation/name-rules.ts'
import type {
  KindDefinition,
  Strategy,
  SubresourceDefinition,
  TableDefinition,
  Verb,
} from '../kind-definition.ts'
import { createdAtTable } from '../columns/created-at.ts'

/** What a kind says of itself where it differs from the rest. */
export interface KindRules<T extends KubeObject> {
  readonly type: ResourceType<T>
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly verbs?: readonly Verb[]
  /** Below /registry/; absent means the resource's name, false that nothing is stored. */
  readonly storage?: string | KindDefinition['storage'] | false
  readonly strategy?: Partial<Strategy<T>>
  readonly subresources?: readonly SubresourceDefinition<T>[]
  /** Absent means the fallback columns: Name and Created At. */
  readonly table?: TableDefinition<T>
  readonly deprecation?: string
  selectableFields?(object: T): Record<string, string>
}

/** A whole definition of what is particular to a kind; the rest is what most kinds do. */
export function defineKind<T extends KubeObject>(rules: KindRules<T>): KindDefinition<T> {
  const { type } = rules
  const storage = storageOf(rules)
  return {
    type,
    singular: type.kind.toLowerCase(),
    shortNames: rules.shortNames ?? [],
    categories: rules.categories ?? [],
    schema: schemaName(type),
    ...(rules.verbs && { verbs: rules.verbs }),
    ...(storage && { storage }),
    strategy: strategyOf(rules.strategy ?? {}),
    subresources: rules.subresources ?? [],
    table: rules.table ?? createdAtTable,
    ...(rules.deprecation && { deprecation: rules.deprecation }),
    ...(rules.selectableFields && {
      selectableFields: (object: T) => rules.selectableFields!(object),
    }),
  }
}

function storageOf<T extends KubeObject>({
  storage,
  type,
}: KindRules<T>): KindDefinition['storage'] {
  if (storage === false) return undefined
  if (typeof storage === 'object') return storage
  return { prefix: storage ?? type.resource }
}

/** io.k8s.api.<package>.<version>.<Kind>; the package is the group's first word. */
function schemaName(type: ResourceType): string {
  const [word] = type.group.split('.')
  assert(word !== undefined, 'a group has a first word')
  return `io.k8s.api.${word === '' ? 'core' : word}.${type.version}.${type.kind}`
}

/** A strategy that lets everything pass, but for what is given. An update is checked as a new object is. */
function strategyOf<T extends KubeObject>(rules: Partial<Strategy<T>>): Strategy<T> {
  const validate: Strategy<T>['validate'] = rules.validate ?? (() => [])
  return {
    nameRule: nameIsDnsSubdomain,
    setDefaults: () => undefined,
    prepareForCreate: () => undefined,
    prepareForUpdate: () => undefined,
    validateUpdate: (object, _old, context) => validate(object, context),
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: true,
    ...rules,
    validate,
  }
}
