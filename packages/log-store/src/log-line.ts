/** Whose words a line is. Each source is one stream. */
export type LogSource =
  | { readonly kind: 'pod'; readonly namespace: string; readonly pod: string }
  /** A process of the host itself: kubelet, container-runtime, host (its supervisor). */
  | { readonly kind: 'component'; readonly host: string; readonly component: string }

/** One line as the collector found it. */
export interface LogLine {
  /** RFC 3339 as it was written, up to nanoseconds. */
  readonly time: string
  readonly host: string
  /** The container's name, or the component's. */
  readonly container: string
  /** `file` where a component writes to a file of its own. */
  readonly stream: 'stdout' | 'stderr' | 'file'
  /** The line goes on in the source's next line of the same container and stream (CRI's tag P). */
  readonly partial: boolean
  /** Bytes: a partial line may end inside a character. */
  readonly text: Buffer
  /** It was acknowledged before, and then the store lost it, or the file was cut: it may be known already. */
  readonly resent: boolean
}
