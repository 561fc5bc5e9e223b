/**
 * Keys, certificates, certificate requests and kubeconfigs: one place for kubeadm, the signer of the controller manager
 * and the components. ECDSA P-256 throughout. The X.509 library only reads requests.
 */
export {
  authorityLifetimeMs,
  CertificateAuthority,
  certificateLifetimeMs,
} from './certificate-authority.ts'
export type { CertificateTemplate, ExtendedUsage, Identity } from './certificate-authority.ts'
export { createRequest, parseRequest } from './certificate-request.ts'
export type { ParsedRequest, RequestTemplate, RequestWithKey } from './certificate-request.ts'
export { generateKeys, publicKeyOf } from './keys.ts'
export type { KeyPair } from './keys.ts'
export { formatKubeconfig } from './kubeconfig.ts'
export type { KubeconfigContents } from './kubeconfig.ts'
export { publicKeyHash } from './public-key-hash.ts'
export type { Subject } from './subject.ts'
