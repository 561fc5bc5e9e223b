/** Where a real etcd of an older release says something else than 3.6, which ours follows. */
export interface Difference {
  /** Of which commands. */
  readonly command: RegExp
  /** What the older one says, and what 3.6 says in its place. */
  readonly theirs: RegExp
  readonly ours: string
  readonly why: string
}

/** By the real server's release. A row that meets nothing fails the comparison. */
const differences: Readonly<Record<string, readonly Difference[]>> = {
  '3.6': [],
  '3.5': [
    {
      command: /endpoint status/,
      theirs: /\b3\.5\.\d+\b/g,
      ours: '3.6.8',
      why: 'the version of the server',
    },
    {
      command: /endpoint status \(as alice/,
      theirs: /^(http:\S+), .*\n\[0\]/,
      ours: 'Failed to get the status of endpoint $1 (etcdserver: permission denied)\n[1]',
      why: '3.6 asks for the root role before it tells the status',
    },
    {
      command: /defrag \(as alice/,
      theirs: /rpc error: code = Unknown desc = auth: permission denied/,
      ours: 'etcdserver: permission denied',
      why: '3.6 gives the refusal of maintenance calls its code',
    },
  ],
}

/** Throws for a release that nobody has looked at. */
export function differencesFor(version: string): readonly Difference[] {
  const known = differences[version]
  if (!known) throw new Error(`no comparison with etcd ${version} is known`)
  return known
}
