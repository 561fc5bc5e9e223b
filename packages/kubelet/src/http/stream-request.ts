import type { Cri } from '../cri/cri.ts'
import { HttpError } from './http-error.ts'

export interface StreamOptions {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/**
 * remotecommand NewOptions: a terminal has no separate error stream, and one stream must be asked
 * for.
 */
function parseStreamOptions(query: URLSearchParams): StreamOptions {
  const asked = (name: string): boolean => query.get(name) === '1' || query.get(name) === 'true'
  const tty = asked('tty')
  const options = {
    tty,
    stdin: asked('input') || asked('stdin'),
    stdout: asked('output') || asked('stdout'),
    stderr: (asked('error') || asked('stderr')) && !tty,
  }
  if (!options.stdin && !options.stdout && !options.stderr)
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr')
  return options
}

export async function execUrl(cri: Cri, containerId: string, query: URLSearchParams): Promise<URL> {
  const cmd = query.getAll('command')
  const { url } = await cri.runtime.Exec({ containerId, cmd, ...parseStreamOptions(query) })
  return new URL(url)
}

/** Whether there is a terminal was decided when the container was made: what the caller says of it is passed over. */
export async function attachUrl(
  cri: Cri,
  { id: containerId, tty }: { readonly id: string; readonly tty: boolean },
  query: URLSearchParams,
): Promise<URL> {
  const { url } = await cri.runtime.Attach({ ...parseStreamOptions(query), containerId, tty })
  return new URL(url)
}

/** WebSocket callers name the ports in the query; SPDY ones by stream. */
export async function portForwardUrl(
  cri: Cri,
  podSandboxId: string,
  query: URLSearchParams,
): Promise<URL> {
  const ports = query
    .getAll('port')
    .concat(query.getAll('ports'))
    .flatMap((p) => p.split(','))
  const port = ports.map((text) => {
    const number = Number(text)
    if (!Number.isInteger(number) || number < 1 || number > 65_535)
      throw new HttpError(400, `unable to parse "${text}" as a port`)
    return number
  })
  const { url } = await cri.runtime.PortForward({ podSandboxId, port })
  return new URL(url)
}
