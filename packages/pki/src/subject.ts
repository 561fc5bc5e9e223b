import { oid, sequence, set, text } from './der.ts'

/** Who a certificate is for; to Kubernetes the common name is the user and each organization a group. */
export interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

/** The distinguished name, organizations first, as Go writes it. */
export function subjectName({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (id: string, value: string): Buffer => set(sequence(oid(id), text(value)))
  return sequence(
    ...organizations.map((organization) => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', commonName),
  )
}
