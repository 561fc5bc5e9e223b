/**
 * * Who owns which field (metadata.managedFields) and server-side apply (KEP-555). A FieldManager is of one
 * kind and subresource:
 *
 *     const manager = new FieldManager({ type, subresource: '', resetFields: [['status']] })
 *     manager.update(live, object, { manager: 'kubectl', time })
 *     manager.apply(live, configuration, { manager: 'kubectl', time, force: false })
 */
export { FieldManager } from './field-manager.ts'
export type { FieldManagerOptions, Write } from './field-manager.ts'
