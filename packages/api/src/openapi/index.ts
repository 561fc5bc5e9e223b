/**
 * * OpenAPI documents made from kind definitions and the schema catalogue: v3 for each group version, and
 * v2 as JSON and as the protobuf that older kubectl asks for. They equal those of the real API server but
 * for the prose that the models lack.
 *
 * Import it lazily: it is needed when the first client asks for a document.
 *
 *     const openApi = new OpenApi(kinds, '1.36')
 *     openApi.v3('apis/apps/v1') // { bytes, contentType, hash }
 */
export { OpenApi } from './open-api.ts'
export type { OpenApiDocument } from './open-api.ts'
export type { OpenApiKind, OpenApiSubresource } from './open-api-kind.ts'
