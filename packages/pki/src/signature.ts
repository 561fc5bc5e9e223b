import { createPrivateKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { bits, oid, sequence } from './der.ts'

/** How a kind of key signs (RFC 5758, RFC 4055, RFC 8410): by SHA-256, or for Ed25519 by its own digest. */
const algorithms: Readonly<
  Record<string, { readonly id: Buffer; readonly digest: string | null }>
> = {
  ec: { id: sequence(oid('1.2.840.10045.4.3.2')), digest: 'sha256' },
  rsa: { id: sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00])), digest: 'sha256' },
  ed25519: { id: sequence(oid('1.3.101.112')), digest: null },
}

/** The one who signs: a private key (PEM), of the kinds above. */
export class Signer {
  readonly #key: KeyObject

  constructor(privateKey: string) {
    this.#key = createPrivateKey(privateKey)
    if (!algorithms[this.#key.asymmetricKeyType!])
      throw new Error(
        `keys of the kind ${this.#key.asymmetricKeyType} cannot sign certificates here`,
      )
  }

  /** The algorithm, as it stands inside what is signed. */
  get algorithm(): Buffer {
    return algorithms[this.#key.asymmetricKeyType!]!.id
  }

  /** What is signed, the algorithm, and the signature. */
  signed(value: Buffer): Buffer {
    const { digest } = algorithms[this.#key.asymmetricKeyType!]!
    return sequence(value, this.algorithm, bits(sign(digest, value, this.#key)))
  }
}
