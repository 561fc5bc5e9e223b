import { apiVersionOf } from '../resource-type.ts'
import { isKnownKind } from './known-versions.ts'

/** The type that a request must carry. */
export interface ExpectedType {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Its definition in the catalogue. */
  readonly schema: string
}

/** The type that a body names. */
export interface StatedType {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Why an object of the stated type cannot become one of the expected type. */
export function mismatchText(stated: StatedType, expected: ExpectedType): string {
  const { group, version, kind } = stated
  if (!isKnownKind(group, version, kind)) {
    const quotedVersion = JSON.stringify(apiVersionOf(stated))
    return `no kind ${JSON.stringify(kind)} is registered for version ${quotedVersion} in scheme "pkg/runtime/scheme.go:111"`
  }
  // The server's own type of the expected kind lives in a package named after the group.
  const ownPackage = expected.group === '' ? 'core' : expected.group.split('.')[0]!
  return `converting (${version}.${kind}) to (${ownPackage}.${expected.kind}): unknown conversion`
}
