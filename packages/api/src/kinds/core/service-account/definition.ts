import type { ServiceAccount } from '../../../generated/types.ts'
import { serviceAccounts } from '../../../resources.ts'
import { age, ageColumn } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets'

export const serviceAccount = defineKind<ServiceAccount>({
  type: serviceAccounts,
  shortNames: ['sa'],
  strategy: {
    prepareForCreate: keepSecretNames,
    prepareForUpdate: keepSecretNames,
    warnings(object, old) {
      const isNew = (meta: ServiceAccount['metadata']): boolean =>
        meta.annotations?.[mountableSecrets] !== undefined
      if (!isNew(object.metadata) || (old && isNew(old.metadata))) return []
      return [
        `metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; ` +
          'prefer separate namespaces to isolate access to mounted secrets',
      ]
    },
  },
  subresources: [
    {
      name: 'token',
      form: 'action',
      verbs: ['create'],
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenRequest',
    },
  ],
  table: { columns: [ageColumn], cells: (object, nowMs) => [age(object, nowMs)] },
})

/** References to secrets keep only their names. */
function keepSecretNames(object: ServiceAccount): void {
  if (object.secrets) object.secrets = object.secrets.map(({ name }) => (name ? { name } : {}))
}
