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

/** An image that this runtime knows; its id is the digest of this definition. */
export interface ImageDefinition {
  /** Normalised, without tag: `docker.io/library/busybox`. */
  readonly repository: string
  readonly version: string
  readonly config: ImageConfig
  /** Programs of kemu: commands of the image, by path, and the bundle that each runs, with first arguments. */
  readonly programs: Readonly<Record<string, string>>
  /** Its command may be any program of the machine, which knows nothing of kemu. */
  readonly isForeign: boolean
  /** Files that the image brings, by absolute path. */
  readonly files: Readonly<Record<string, string>>
  /** Size that lists show. */
  readonly sizeBytes: number
}
