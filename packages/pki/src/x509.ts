// The one place that loads the X.509 library: 20 ms and some megabytes that only init, the signer and a bootstrapping
// kubelet need. Everybody else reads certificates with node:crypto.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { cryptoProvider } from '@peculiar/x509'

cryptoProvider.set(webcrypto as never)

/** Every key of a cluster: small, quick to make, and what Go's and Node's TLS both prefer. */
export const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export * from '@peculiar/x509'
