import { join } from 'node:path'

/**
 * Where a node's files are. On a host without a mount namespace of its own everything that a file
 * of configuration or a pod calls absolute lies below the host's directory (`rootPrefix`, from
 * KEMU_ROOT_PREFIX); it is '' elsewhere.
 */
export class NodePaths {
  readonly rootDir: string
  readonly podLogsDir: string
  readonly #rootPrefix: string

  constructor(rootDir: string, podLogsDir: string, rootPrefix: string) {
    this.#rootPrefix = rootPrefix.replace(/\/+$/, '')
    this.rootDir = this.onHost(rootDir)
    this.podLogsDir = this.onHost(podLogsDir)
  }

  /** The real place of an absolute path of the host. A path that is real already stays as it is. */
  onHost(path: string): string {
    const prefix = this.#rootPrefix
    if (prefix === '' || !path.startsWith('/')) return path
    return path === prefix || path.startsWith(`${prefix}/`) ? path : join(prefix, path)
  }

  get podsDir(): string {
    return join(this.rootDir, 'pods')
  }

  podDir(uid: string): string {
    return join(this.podsDir, uid)
  }

  /** The plugin's name has its slash escaped as upstream does: `kubernetes.io~secret`. */
  volumeDir(uid: string, plugin: string, volume: string): string {
    return join(this.podDir(uid), 'volumes', `kubernetes.io~${plugin}`, volume)
  }

  containerDir(uid: string, container: string): string {
    return join(this.podDir(uid), 'containers', container)
  }

  etcHosts(uid: string): string {
    return join(this.podDir(uid), 'etc-hosts')
  }

  /** BuildPodLogsDirectory: `<namespace>_<name>_<uid>`. */
  podLogDir(namespace: string, name: string, uid: string): string {
    return join(this.podLogsDir, `${namespace}_${name}_${uid}`)
  }

  /** Relative to the pod's log directory. */
  static containerLog(container: string, restartCount: number): string {
    return `${container}/${restartCount}.log`
  }
}
