import type { TokenKey } from '../authentication/service-account/token-keys.ts'
import type { PlainRoute } from '../plain-router.ts'
import type { ApiResponse } from '../request/api-response.ts'

/** How others verify service account tokens without asking (OpenID Connect discovery). */
export function openIdRoutes(
  issuer: string,
  keys: readonly TokenKey[],
  serverAddress: string,
): PlainRoute[] {
  const configuration = {
    issuer,
    jwks_uri: `https://${serverAddress}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [
      ...new Set(keys.map(({ algorithm }) => algorithm)),
    ].sort(),
  }
  return [
    {
      prefix: '/.well-known/openid-configuration',
      answer: () => bytes('application/json', configuration),
    },
    {
      prefix: '/openid/v1/jwks',
      answer: () => bytes('application/jwk-set+json', { keys: keys.map(describeKey) }),
    },
  ]
}

function describeKey({ publicKey, keyId, algorithm }: TokenKey): object {
  const { kty, ...numbers } = publicKey.export({ format: 'jwk' })
  return { use: 'sig', kty, kid: keyId, alg: algorithm, ...numbers }
}

function bytes(contentType: string, value: object): ApiResponse {
  return {
    form: 'bytes',
    code: 200,
    contentType,
    headers: { 'Cache-Control': 'public, max-age=3600' },
    body: Buffer.from(JSON.stringify(value)),
  }
}
