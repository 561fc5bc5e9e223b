import type { RoleBinding } from '../../../generated/types.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import type { TableDefinition } from '../../kind-definition.ts'

/** Of both kinds of bindings. */
export const bindingTable: TableDefinition<RoleBinding> = {
  columns: [
    text('Role', 'The role that is given.'),
    ageColumn,
    wide('Users', 'The users who have it.'),
    wide('Groups', 'The groups who have it.'),
    wide('ServiceAccounts', 'The service accounts who have it.'),
  ],
  cells(object, nowMs) {
    const named = (kind: string): string =>
      (object.subjects ?? [])
        .filter((subject) => subject.kind === kind)
        .map(({ name, namespace }) =>
          kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name,
        )
        .join(', ')
    return [
      `${object.roleRef.kind}/${object.roleRef.name}`,
      age(object, nowMs),
      named('User'),
      named('Group'),
      named('ServiceAccount'),
    ]
  },
}
