/** Where a real etcd of an older release says something else than 3.6, which ours follows. */
export interface Difference {
  readonly command: RegExp
  /** What the older one says, and what stands in its place in 3.6. */
  readonly theirs: RegExp
  readonly ours: string
  readonly why: string
}

const differences: Readonly<Record<string, readonly Difference[]>> = {
  '3.6': [],
  '3.5': [],
}

export function differencesFor(version: string): readonly Difference[] {
  const known = differences[version]
  if (!known) throw new Error(`no comparison with etcd ${version} is known`)
  return known
}
