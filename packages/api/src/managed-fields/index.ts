/**
 * * Who owns which field (metadata.managedFields) and server-side apply (KEP-555). A FieldManager is of one
 * kind and subresource:
 *
 *     const resetFields = resetFieldsOf(kind, '')
 *     const manager = new FieldManager({ type, subresource: '', resetFields })
 *     manager.update(live, object, { manager: 'kubectl', time })
 *     const { config, warnings } = readConfiguration(body)
 *     manager.apply(live, config, { manager: 'kubectl', time, force: false })
 *
 * Upstream keeps account from an object's creation on. A server may also begin with the first apply:
 * `update` leaves objects alone that have no managers, and `apply` gives what is there to
 * `before-first-apply`.
 */
export { readConfiguration } from './configuration-reader.ts'
export type { ReadConfiguration } from './configuration-reader.ts'
export { FieldManager } from './field-manager.ts'
export type { FieldManagerOptions, Write } from './field-manager.ts'
export { resetFieldsOf } from './reset-fields.ts'
