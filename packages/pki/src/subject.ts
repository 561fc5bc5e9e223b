import type * as X509 from './x509.ts'

/** Who a certificate is for; to Kubernetes the common name is the user and each organization a group. */
export interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

/** The distinguished name, organizations first, as Go writes it. */
export function subjectName(x509: typeof X509, subject: Subject): X509.JsonName {
  const organizations = subject.organizations ?? []
  return new x509.Name([
    ...organizations.map((o) => ({ O: [o] })),
    { CN: [subject.commonName] },
  ]).toJSON()
}
