// The one place that loads the X.509 library: 60 ms and some megabytes that only the signer needs, to read the requests of
// others. Certificates and requests are written by der.ts (docs/adr/0005) and read by node:crypto.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { cryptoProvider } from '@peculiar/x509'

cryptoProvider.set(webcrypto as never)

export * from '@peculiar/x509'
