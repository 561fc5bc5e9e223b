/** A set or map of the table, with its elements in nft's words. */
export interface FilterSet {
  readonly kind: 'set' | 'map'
  /** `ipv4_addr`, `ipv4_addr : verdict` and the like. */
  readonly type: string
  readonly comment?: string
  /** By key; the value is a map's verdict, '' in a set. */
  readonly elements: ReadonlyMap<string, string>
}

export interface FilterChain {
  /** `type filter hook forward priority 10 ;` of a chain that packets enter; undefined: others lead to it. */
  readonly hook?: string
  readonly rules: readonly string[]
}

/** A whole table as it shall be. */
export interface FilterTable {
  readonly sets: ReadonlyMap<string, FilterSet>
  readonly chains: ReadonlyMap<string, FilterChain>
}

/** Family and name, by which `nft list table` shows it. */
const tableName = 'ip network-policy'

/** Lines that put this table in place of whatever is there: one transaction, no packet sees it half done. */
export function replaceTable(table: FilterTable | undefined): string[] {
  const reset = [`add table ${tableName}`, `delete table ${tableName}`]
  if (!table) return reset
  const empty: FilterTable = { sets: new Map(), chains: new Map() }
  const comment = `{ comment "rules of NetworkPolicy objects" ; }`
  return [...reset, `add table ${tableName} ${comment}`, ...changeTable(empty, table)]
}

/**
 * Lines that lead from one table to the next; none where they are the same. Pure. A set or chain of one name is always
 * of one kind.
 */
export function changeTable(before: FilterTable, now: FilterTable): string[] {
  const dropped = [...before.sets].filter(([name]) => !now.sets.has(name))
  const written = [...now.chains].filter(([name, { rules }]) => {
    const old = before.chains.get(name)
    return !old || old.rules.join('\n') !== rules.join('\n')
  })
  const gone = [...before.chains.keys()].filter((name) => !now.chains.has(name))
  // Emptied before what they name goes, filled when what they name is there, deleted when nothing names them.
  return [
    ...written.flatMap(([name, { hook }]) => [
      `add chain ${tableName} ${name}${hook === undefined ? '' : ` { ${hook} }`}`,
      `flush chain ${tableName} ${name}`,
    ]),
    ...gone.map((name) => `flush chain ${tableName} ${name}`),
    ...[...now.sets].flatMap(([name, set]) => elementLines(name, before.sets.get(name), set)),
    ...dropped.map(([name, { kind }]) => `delete ${kind} ${tableName} ${name}`),
    ...written.flatMap(([name, { rules }]) =>
      rules.map((rule) => `add rule ${tableName} ${name} ${rule}`),
    ),
    ...gone.map((name) => `delete chain ${tableName} ${name}`),
  ]
}

function elementLines(name: string, before: FilterSet | undefined, now: FilterSet): string[] {
  const { kind, type, comment, elements } = now
  const lines: string[] = []
  if (!before) {
    const said = comment === undefined ? '' : ` comment "${comment}" ;`
    lines.push(`add ${kind} ${tableName} ${name} { type ${type} ;${said} }`)
  }
  const old = before?.elements ?? new Map<string, string>()
  const removed = [...old].filter(([key, value]) => elements.get(key) !== value).map(first)
  const added = [...elements].filter(([key, value]) => old.get(key) !== value)
  if (removed.length > 0)
    lines.push(`delete element ${tableName} ${name} { ${removed.join(', ')} }`)
  if (added.length > 0) {
    const texts = added.map(([key, value]) => (value === '' ? key : `${key} : ${value}`))
    lines.push(`add element ${tableName} ${name} { ${texts.join(', ')} }`)
  }
  return lines
}

function first<Name>([name]: readonly [Name, ...unknown[]]): Name {
  return name
}
