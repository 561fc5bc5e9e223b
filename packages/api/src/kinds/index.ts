/** What only an API server needs of a kind: its definition, with strategy, subresources and columns. */
export type * from './kind-definition.ts'
