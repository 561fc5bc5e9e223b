// The one place that loads the X.509 library: 60 ms and some megabytes that only the signer needs, to read what others
// request. Certificates and requests are written by der.ts (docs/adr/0005), certificates are read by node:crypto.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { cryptoProvider } from '@peculiar/x509'

cryptoProvider.set(webcrypto as never)

export * from '@peculiar/x509'
