/**
 * * The structure of every type of the API and the reading of texts against it. For API servers: it costs
 * some megabytes, so import it lazily where the first request may come late.
 */
export * from '../decode/decode-object.ts'
export { decodeText, decodeValue, parseJson } from '../decode/decode-text.ts'
export type { Decoded } from '../decode/decode-text.ts'
export { JsonSyntaxError } from '../decode/json-parser.ts'
export { DecodeError } from '../decode/object-decoder.ts'
export * from './catalogue.ts'
export * from './schema-node.ts'
