/** What only an API server needs of a kind: its definition, with strategy, subresources and columns. */
export * from './columns/created-at.ts'
export * from './columns/since.ts'
export type * from './kind-definition.ts'
export * from './registry.ts'
export { compareFlowSchemas } from './flowcontrol/flow-schema/definition.ts'
export { mandatoryFlowSchemas, mandatoryPriorityLevels } from './flowcontrol/mandatory.ts'
export { tokenRequest } from './authentication/reviews.ts'
