import type { KubeObject } from '../../object.ts'
import type { TableDefinition } from '../kind-definition.ts'

/** The columns of kinds that have none of their own: the name and the moment of creation. */
export const createdAtTable: TableDefinition<KubeObject> = {
  columns: [
    {
      name: 'Created At',
      type: 'date',
      description: 'When the server created the object, in UTC.',
    },
  ],
  cells: ({ metadata }) => [metadata.creationTimestamp ?? null],
}
