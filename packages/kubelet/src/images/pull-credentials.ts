import type { Pod, Secret } from '@kemu/api'
import type { Message } from '@kemu/rpc'
import type { AuthConfig } from '@kemu/rpc/cri'

interface DockerEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
}

/** What the pod's imagePullSecrets offer for an image, more specific places first. */
export function pullCredentials(
  pod: Pod,
  image: string,
  secret: (name: string) => Secret | undefined,
): Message<AuthConfig>[] {
  const repository = repositoryOf(image)
  const found: { place: string; auth: Message<AuthConfig> }[] = []
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    const entries = entriesOf(name ? secret(name) : undefined)
    for (const [place, entry] of Object.entries(entries))
      if (covers(place, repository)) found.push({ place, auth: authOf(place, entry) })
  }
  return found.sort((a, b) => b.place.length - a.place.length).map(({ auth }) => auth)
}

function entriesOf(secret: Secret | undefined): Readonly<Record<string, DockerEntry>> {
  const config = secret?.data?.['.dockerconfigjson']
  const legacy = secret?.data?.['.dockercfg']
  try {
    if (config) {
      const parsed = JSON.parse(decode(config)) as { auths?: Record<string, DockerEntry> }
      return parsed.auths ?? {}
    }
    return legacy ? (JSON.parse(decode(legacy)) as Record<string, DockerEntry>) : {}
  } catch {
    return {} // The pull goes on without it, as upstream's does.
  }
}

function authOf(serverAddress: string, entry: DockerEntry): Message<AuthConfig> {
  const pair = entry.auth ? decode(entry.auth) : ''
  const at = pair.indexOf(':')
  return {
    serverAddress,
    username: entry.username ?? (at >= 0 ? pair.slice(0, at) : ''),
    password: entry.password ?? (at >= 0 ? pair.slice(at + 1) : ''),
    identityToken: entry.identitytoken ?? '',
  }
}

/** `docker.io/library/x` for a short name: registry and path, without tag and digest. */
function repositoryOf(image: string): string {
  const plain = image.replace(/@.*$/, '').replace(/:[^:/]*$/, '')
  const [first = '', ...rest] = plain.split('/')
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  if (hasRegistry) return plain
  return rest.length > 0 ? `docker.io/${plain}` : `docker.io/library/${plain}`
}

/** A place is a registry, with `*` for one label, and perhaps the start of a path. */
function covers(place: string, repository: string): boolean {
  const plain = place
    .replace(/^https?:\/\//, '')
    .replace(/^index\.docker\.io/, 'docker.io')
    .replace(/\/v[12]\/?$/, '')
    .replace(/\/$/, '')
  const pattern = plain.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '[^./]*')
  return new RegExp(`^${pattern}(/|$)`).test(repository)
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
