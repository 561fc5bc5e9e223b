import type { NodeSelector } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Subdomain } from '../../../validation/name-rules.ts'
import { checked } from '../../rules/checked.ts'

export interface Places {
  readonly nodeName?: string
  readonly nodeSelector?: NodeSelector
  readonly allNodes?: boolean
}

interface PlaceRules {
  readonly emptyName: string
  readonly selector: (selector: NodeSelector, path: FieldPath) => FieldError[]
}

/** Which fields say where devices are, as messages name them, and what is wrong with each. */
export function chosenPlaces(
  { nodeName, nodeSelector, allNodes }: Places,
  path: FieldPath,
  rules: PlaceRules,
): { names: string[]; errors: FieldError[] } {
  const names: string[] = []
  const errors: FieldError[] = []
  const at = path.child('nodeName')
  if (nodeName === '') errors.push(fieldInvalid(at, nodeName, rules.emptyName))
  else if (nodeName !== undefined) {
    names.push('`nodeName`')
    errors.push(...checked(at, nodeName, checkDns1123Subdomain))
  }
  if (nodeSelector) {
    names.push('`nodeSelector`')
    errors.push(...rules.selector(nodeSelector, path.child('nodeSelector')))
  }
  if (allNodes) names.push('`allNodes`')
  if (allNodes === false)
    errors.push(fieldInvalid(path.child('allNodes'), false, 'must be either unset or set to true'))
  return { names, errors }
}

export function oneOfPlaces(
  names: readonly string[],
  path: FieldPath,
  none: string,
  several: string,
): FieldError[] {
  if (names.length === 0) return [fieldRequired(path, none)]
  return names.length === 1 ? [] : [fieldInvalid(path, `{${names.join(', ')}}`, several)]
}
