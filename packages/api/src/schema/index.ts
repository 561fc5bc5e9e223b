/**
 * The structure of every type of the API and the reading of texts against it. For API servers: it costs some megabytes, so
 * import it lazily where the first request may come late.
 */
export * from './catalogue.ts'
export * from './schema-node.ts'
