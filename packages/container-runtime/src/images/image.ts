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
  /** Paths that get a directory of the container's own, filled with what the image has there. */
  readonly volumes: readonly string[]
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
  /** Directory trees of a loaded image, top layer first; absent: built in, over the machine's own programs. */
  readonly layers?: readonly string[]
  /** Size that lists show. */
  readonly sizeBytes: number
}
