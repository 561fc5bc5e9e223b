import { createHash } from 'node:crypto'
import { arch } from 'node:process'
import type { ImageConfig } from '../image.ts'
import { formatReference, parseReference } from '../reference.ts'
import type { ArchiveFiles } from './archive-files.ts'

/** One image of an archive, before its layers are unpacked. */
export interface ArchivedImage {
  /** Full names with tag. */
  readonly names: readonly string[]
  /** The image's id: the digest of its configuration. */
  readonly id: string
  readonly configBytes: Buffer
  readonly manifestDigest: string
  readonly config: ImageConfig
  /** Names in the archive, lowest first, and the digests of the unpacked tar streams. */
  readonly layers: readonly { readonly file: string; readonly diffId: string }[]
}

/** The images of a docker-save archive or of an OCI image layout. `tag` names an image that has no name of its own. */
export function readArchive(files: ArchiveFiles, tag = ''): ArchivedImage[] {
  if (files.has('index.json')) return readLayout(files, tag)
  if (files.has('manifest.json')) return readDockerArchive(files, tag)
  throw new Error(
    'neither a docker-save archive (manifest.json) nor an OCI image layout (index.json)',
  )
}

interface DockerEntry {
  readonly Config: string
  readonly RepoTags: readonly string[] | null
  readonly Layers: readonly string[]
}

function readDockerArchive(files: ArchiveFiles, tag: string): ArchivedImage[] {
  return (files.json('manifest.json') as readonly DockerEntry[]).map((entry) => {
    const configBytes = files.bytes(entry.Config)
    // The archive has no manifest: the digest of what would be one stands for it.
    const digest = sha256(JSON.stringify({ schemaVersion: 2, config: sha256(configBytes) }))
    return describe(configBytes, entry.RepoTags ?? [], tag, digest, entry.Layers)
  })
}

interface Descriptor {
  readonly mediaType?: string
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly os: string; readonly architecture: string }
}

interface Manifest {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

function readLayout(files: ArchiveFiles, tag: string): ArchivedImage[] {
  const { manifests = [] } = files.json('index.json') as { manifests?: readonly Descriptor[] }
  return manifests.flatMap((descriptor) => {
    const manifest = findManifest(files, descriptor)
    if (!manifest) return []
    const { config, layers } = JSON.parse(manifest.bytes.toString('utf8')) as Manifest
    const paths = layers.map(({ digest }) => blobName(digest))
    const configBytes = blob(files, config.digest)
    return [describe(configBytes, namesOf(descriptor), tag, manifest.digest, paths)]
  })
}

/** An index of several platforms is looked through for this machine's; attestations have no platform of ours. */
function findManifest(
  files: ArchiveFiles,
  descriptor: Descriptor,
): { bytes: Buffer; digest: string } | undefined {
  const { platform } = descriptor
  if (platform && (platform.os !== 'linux' || platform.architecture !== architecture()))
    return undefined
  const bytes = blob(files, descriptor.digest)
  const content = JSON.parse(bytes.toString('utf8')) as { manifests?: readonly Descriptor[] }
  if (!content.manifests) return { bytes, digest: descriptor.digest }
  for (const inner of content.manifests) {
    const found = inner.platform ? findManifest(files, inner) : undefined
    if (found) return { bytes: found.bytes, digest: descriptor.digest }
  }
  return undefined
}

/** containerd and Docker write the whole name, others only a tag, which names nothing. */
function namesOf({ annotations = {} }: Descriptor): string[] {
  const whole = annotations['io.containerd.image.name']
  const reference = annotations['org.opencontainers.image.ref.name'] ?? ''
  if (whole) return [whole]
  return /[/:]/.test(reference) ? [reference] : []
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

function blob(files: ArchiveFiles, digest: string): Buffer {
  const bytes = files.bytes(blobName(digest))
  if (sha256(bytes) !== digest) throw new Error(`the archive's ${digest} has other content`)
  return bytes
}

/** The parts of an image configuration that we read (OCI image spec, config.md). */
interface ConfigFile {
  readonly os?: string
  readonly architecture?: string
  readonly rootfs?: { readonly diff_ids?: readonly string[] }
  readonly config?: {
    readonly Entrypoint?: readonly string[] | null
    readonly Cmd?: readonly string[] | null
    readonly Env?: readonly string[] | null
    readonly WorkingDir?: string
    readonly User?: string
    readonly StopSignal?: string
    readonly ExposedPorts?: Readonly<Record<string, object>> | null
    readonly Volumes?: Readonly<Record<string, object>> | null
  } | null
}

function describe(
  configBytes: Buffer,
  tags: readonly string[],
  fallbackTag: string,
  manifestDigest: string,
  layers: readonly string[],
): ArchivedImage {
  const file = JSON.parse(configBytes.toString('utf8')) as ConfigFile
  checkPlatform(file)
  const diffIds = file.rootfs?.diff_ids ?? []
  if (diffIds.length !== layers.length)
    throw new Error(`the image has ${layers.length} layers but ${diffIds.length} digests for them`)
  const given = tags.length > 0 ? tags : fallbackTag === '' ? [] : [fallbackTag]
  if (given.length === 0)
    throw new Error('an image in the archive has no name: give one with --tag')
  return {
    names: given.map(fullName),
    id: sha256(configBytes),
    configBytes,
    manifestDigest,
    config: configOf(file),
    layers: layers.map((name, i) => ({ file: name, diffId: diffIds[i]! })),
  }
}

function fullName(name: string): string {
  const reference = parseReference(name)
  if (!reference) throw new Error(`${JSON.stringify(name)} is no image name`)
  return formatReference({ ...reference, digest: undefined, tag: reference.tag ?? 'latest' })
}

function configOf({ config }: ConfigFile): ImageConfig {
  return {
    entrypoint: config?.Entrypoint ?? [],
    command: config?.Cmd ?? [],
    environment: config?.Env ?? [],
    workingDir: config?.WorkingDir ?? '',
    user: config?.User ?? '',
    stopSignal: config?.StopSignal ?? '',
    exposedPorts: Object.keys(config?.ExposedPorts ?? {}).map((port) => Number.parseInt(port)),
    volumes: Object.keys(config?.Volumes ?? {}),
  }
}

/** GOARCH's words for what Node calls it. */
export function architecture(): string {
  return { x64: 'amd64', ia32: '386' }[arch as string] ?? arch
}

function checkPlatform({ os = 'linux', architecture: wanted = architecture() }: ConfigFile): void {
  if (os !== 'linux' || wanted !== architecture())
    throw new Error(`the image is for ${os}/${wanted}, this node is linux/${architecture()}`)
}

function sha256(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
