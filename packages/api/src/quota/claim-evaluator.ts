import type {
  PersistentVolumeClaim,
  ScopedResourceSelectorRequirement,
} from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import { Quantity } from '../quantity.ts'
import { one } from './amounts.ts'
import type { Amounts } from './amounts.ts'
import type { QuotaChange, QuotaEvaluator } from './quota-evaluator.ts'
import { matchesValue } from './scope-selector.ts'

const names = ['persistentvolumeclaims', 'requests.storage']
const ofClass = '.storageclass.storage.k8s.io/'
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** Counts claims and the storage that they ask for, together and by storage class. */
export const claimEvaluator: QuotaEvaluator = {
  group: '',
  resource: 'persistentvolumeclaims',
  handles: ({ subresource }: QuotaChange) => subresource === '',
  counted: (asked) =>
    asked.filter(
      (name) =>
        name === 'count/persistentvolumeclaims' ||
        names.some((own) => name === own || name.endsWith(ofClass + own)),
    ),
  isInScope(selector: ScopedResourceSelectorRequirement, object: KubeObject): boolean {
    if (selector.scopeName !== 'VolumeAttributesClass') return false
    const { spec } = object as PersistentVolumeClaim
    return matchesValue(selector, spec.volumeAttributesClassName)
  },
  missing: () => undefined,
  usage(object: KubeObject): Amounts {
    const { metadata, spec } = object as PersistentVolumeClaim
    const amounts = new Map([
      ['count/persistentvolumeclaims', one],
      ['persistentvolumeclaims', one],
    ])
    const storage = spec.resources?.requests?.['storage']
    if (storage !== undefined) amounts.set('requests.storage', Quantity.parse(storage))
    const className = metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? ''
    if (className === '') return amounts
    for (const name of names) {
      const amount = amounts.get(name)
      if (amount) amounts.set(className + ofClass + name, amount)
    }
    return amounts
  },
}
