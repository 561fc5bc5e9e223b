import type { IPAddress, ParentReference } from '../../../generated/types.ts'
import { ipAddresses } from '../../../resources.ts'
import { checkCanonicalIp } from '../../../validation/ip.ts'
import { text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { validateIpAddress, validateIpAddressUpdate } from './validation.ts'

/** An address that is taken; the server makes one for each address of a Service (KEP-1880). */
export const ipAddress = defineKind<IPAddress>({
  type: ipAddresses,
  shortNames: ['ip'],
  strategy: {
    nameRule: checkCanonicalIp,
    validate: validateIpAddress,
    validateUpdate: validateIpAddressUpdate,
  },
  table: {
    columns: [text('ParentRef', 'What has the address.')],
    cells: ({ spec }) => [parentText(spec.parentRef)],
  },
})

/** A body that is about to be refused may lack what is required. */
function parentText(parent: Partial<ParentReference> | undefined): string {
  if (!parent) return '<none>'
  const { group = '', resource = '', namespace = '', name = '' } = parent
  const kind = group === '' ? resource : `${resource}.${group}`
  return [kind.toLowerCase(), ...(namespace === '' ? [] : [namespace]), name].join('/')
}
