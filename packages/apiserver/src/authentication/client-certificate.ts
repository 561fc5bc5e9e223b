import type { Caller } from '../request/api-request.ts'
import type { UserInfo } from '../request/user-info.ts'
import { unauthorized } from './authenticator.ts'
import type { Authenticator } from './authenticator.ts'

/**
 * A client certificate of the cluster's authority: the common name is the user, each organization a
 * group.
 */
export const clientCertificateAuthenticator: Authenticator = {
  authenticate({ certificate, certificateProblem }: Caller): UserInfo | undefined {
    if (certificateProblem !== undefined) throw unauthorized()
    if (certificate?.authority !== 'client') return undefined
    const { commonName, organizations, uid, fingerprint } = certificate
    if (commonName === '') return undefined
    return {
      name: commonName,
      uid,
      groups: organizations,
      extra: {
        'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`],
      },
    }
  },
}
