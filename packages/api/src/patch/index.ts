/**
 * * Patches: JSON patch (RFC 6902), JSON merge patch (RFC 7386) and Kubernetes' strategic merge patch.
 * `patchObject` is what a server calls; the three functions below it work on plain data.
 */
export * from './json-patch.ts'
export * from './merge-patch.ts'
export * from './patch-error.ts'
export * from './patch-object.ts'
export * from './strategic-merge-patch.ts'
