/**
 * * Rules of values that more than one kind has: names, labels, metadata, addresses, ports, options of
 * requests, with upstream's paths and words. Upstream counterpart: apimachinery's util/validation,
 * api/validation and meta/v1/validation.
 *
 * `check...` takes a string or number and answers with complaints; `validate...` takes a path and answers
 * with FieldErrors.
 *
 *     validateObjectMeta(pod.metadata, { namespaced: true, name: nameIsDnsSubdomain })
 *     fieldInvalid(fieldPath('spec', 'replicas'), -1, negativeMessage)
 */
export * from './conditions.ts'
export * from './field-error.ts'
export * from './field-path.ts'
export * from './ip.ts'
export * from './labels.ts'
export * from './name-rules.ts'
export * from './object-meta.ts'
export * from './request-options.ts'
export * from './value-rules.ts'
