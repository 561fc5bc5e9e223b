/** What this stand-in for Apache takes from httpd.conf. */
export interface HttpdConfig {
  readonly ports: readonly number[]
  readonly documentRoot: string
  readonly directoryIndex: readonly string[]
  /** Directories without an index are listed. */
  readonly indexes: boolean
  /** Directives that it does not know, with their lines: said at the start. */
  readonly unknown: readonly string[]
}

/** Directives that change nothing here: modules are built in, the user and the log are the container's. */
const withoutEffect = new Set(
  (
    'serverroot serveradmin servername user group loadmodule errorlog loglevel customlog logformat typesconfig ' +
    'pidfile allowoverride require timeout keepalive keepalivetimeout maxkeepaliverequests hostnamelookups addtype ' +
    'mimemagicfile enablemmap enablesendfile include includeoptional'
  ).split(' '),
)

export function parseHttpdConfig(text: string): HttpdConfig {
  const config = {
    ports: [] as number[],
    documentRoot: '/usr/local/apache2/htdocs',
    directoryIndex: ['index.html'],
    indexes: true,
    unknown: [] as string[],
  }
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim()
    // Sections stand for places and modules that are all there: what is in them counts.
    if (line === '' || line.startsWith('#') || line.startsWith('<')) return
    const [name = '', ...values] = words(line)
    applyDirective(config, name, values, i + 1)
  })
  return config.ports.length > 0 ? config : { ...config, ports: [80] }
}

interface Draft {
  ports: number[]
  documentRoot: string
  directoryIndex: string[]
  indexes: boolean
  unknown: string[]
}

function applyDirective(
  config: Draft,
  name: string,
  values: readonly string[],
  line: number,
): void {
  switch (name.toLowerCase()) {
    case 'listen':
      config.ports.push(Number((values[0] ?? '').split(':').at(-1)))
      return
    case 'documentroot':
      config.documentRoot = values[0] ?? config.documentRoot
      return
    case 'directoryindex':
      config.directoryIndex = [...values]
      return
    case 'options':
      config.indexes = !values.includes('-Indexes') && !values.includes('None')
      return
    default:
      if (!withoutEffect.has(name.toLowerCase())) config.unknown.push(`${name} (line ${line})`)
  }
}

function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!)
}
