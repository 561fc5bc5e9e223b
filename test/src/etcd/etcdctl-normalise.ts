/** Everything that is a matter of the run and not of the server. */
const rules: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/"ts":("[^"]*"|[\d.]+)/g, '"ts":"TIME"'],
  [/"took":[\d.]+/g, '"took":DURATION'],
  [/\bMember +(?=[0-9a-f]+ removed)/g, 'Member '],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[Z+-]\d*/g, 'TIME'],
  [/^\{"level":"(info|warn)".*"(client|etcd-client)".*\n/gm, ''],
  // How often a client tried again before it told the answer.
  [/^\{"level":"warn".*retrying of unary invoker failed.*\n/gm, ''],
  [/^.*unrecognized environment variable.*\n/gm, ''],
  [/0xc[0-9a-f]+/g, 'POINTER'],
  [/client-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'CLIENT'],
  [/"caller":"[^"]*"/g, '"caller":"PLACE"'],
  [/(took[ ":=]+|Took" : |\| )\d+(\.\d+)?[µnm]?s\b/g, '$1DURATION'],
  [/"(raft_term|raftTerm|raftIndex|raftAppliedIndex)":\d+/g, '"$1":N'],
  [/"(RaftTerm|RaftIndex|RaftAppliedIndex|DBSize|DBSizeInUse|DBSizeQuota)" : \d+/g, '"$1" : N'],
  [/"(dbSize|dbSizeInUse)":\d+/g, '"$1":N'],
  [/\b\d+(\.\d+)? [kKMGi]*B\b/g, 'SIZE'],
  [/\b\d+%/g, 'PERCENT'],
  [/(remaining\()\d+(s\))/g, '$1N$2'],
  [/("ttl":|"TTL" : )\d+(?=,"granted-ttl"|\n"GrantedTTL")/g, '$1N'],
  [/ +(?=\|)|(?<=\|) +/g, ' '],
  [/[+-]{5,}[+-]*/g, '+--+'],
]

/** Term and indexes at the end of a line of `endpoint status`. */
const statusTail = /(, (?:true|false), (?:true|false)), \d+, \d+, \d+,/g
const statusTableTail = /(\| (?:true|false) \| (?:true|false)) \| \d+ \| \d+ \| \d+ \|/g

/**
 * Puts what may differ between two runs as a word. Identifiers become ID1, ID2, ... in the order in which they are
 * first seen, so that the same one is still seen to be the same.
 */
export class Normaliser {
  readonly #directory: string
  readonly #ids = new Map<bigint, string>()

  constructor(directory: string) {
    this.#directory = directory
  }

  text(text: string): string {
    const plain = rules.reduce(
      (done, [pattern, replacement]) => done.replace(pattern, replacement),
      text.replaceAll(this.#directory, 'DIR'),
    )
    return plain
      .replace(statusTail, '$1, TERM, INDEX, APPLIED,')
      .replace(statusTableTail, '$1 | TERM | INDEX | APPLIED |')
      .replace(/\b\d{17,20}\b/g, (id) => this.#idOf(BigInt(id)))
      .replace(/\b(?=[0-9a-f]*[0-9])[0-9a-f]{12,16}\b/g, (id) => this.#idOf(BigInt(`0x${id}`)))
      .replace(/[ \t]+$/gm, '')
  }

  #idOf(id: bigint): string {
    const known = this.#ids.get(id)
    if (known !== undefined) return known
    const word = `ID${this.#ids.size + 1}`
    this.#ids.set(id, word)
    return word
  }
}
