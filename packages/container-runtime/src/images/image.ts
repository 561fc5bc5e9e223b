/** What runs in a container of the image, as an OCI image's config says it. */
export interface ImageConfig {
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly environment: readonly string[]
  readonly workingDir: string
  /** A name or number of the image's passwd; empty is root. */
  readonly user: string
  readonly stopSignal: string
  readonly exposedPorts: readonly number[]
}

/** Where an image's files come from. */
export type ImageContent =
  /** The machine's own programs, plus small files of the image. */
  | { readonly kind: 'host' }
  /** Programs of kemu: commands of the image (by path) and the bundle that each runs. */
  | { readonly kind: 'programs'; readonly programs: Readonly<Record<string, string>> }

/** An image that this runtime knows; its id is the digest of this definition. */
export interface ImageDefinition {
  /** Normalised, without tag: `docker.io/library/busybox`. */
  readonly repository: string
  readonly version: string
  readonly config: ImageConfig
  readonly content: ImageContent
  /** Files that the image brings, by absolute path. */
  readonly files: Readonly<Record<string, string>>
  /** Size that lists show. */
  readonly sizeBytes: number
}
