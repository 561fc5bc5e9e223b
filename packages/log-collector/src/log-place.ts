import { basename } from 'node:path'
import type { LogSource } from '@kemu/log-store'

/** How a file's lines are written. */
export type LogForm = 'cri' | 'plain'

/** A file that holds log lines, by where it lies. */
export interface LogPlace {
  readonly path: string
  readonly source: LogSource
  readonly container: string
  readonly form: LogForm
  /** Put aside and compressed by the kubelet: nothing is written to it any more. */
  readonly compressed: boolean
  /** First part of the file's id: files of one folder and source are told apart by their content. */
  readonly folder: string
  /** Among the files of a folder, what was written first sorts first. */
  readonly age: string
}

/** /var/log/pods/<namespace>_<pod>_<uid>, or undefined for a folder of another form. */
export function podOfFolder(folder: string): Extract<LogSource, { kind: 'pod' }> | undefined {
  const [namespace, pod, uid, extra] = basename(folder).split('_')
  if (!namespace || !pod || !uid || extra !== undefined) return undefined
  return { kind: 'pod', namespace, pod }
}

/** `3.log`, `3.log.20260101-101010` (put aside) or that with `.gz`; a compression's unfinished `.tmp` is none. */
export function placeInContainerFolder(
  path: string,
  pod: Extract<LogSource, { kind: 'pod' }>,
  podFolder: string,
  container: string,
): LogPlace | undefined {
  const match = /^(\d+)\.log(?:\.(\d{8}-\d{6})(\.gz)?)?$/.exec(basename(path))
  if (!match) return undefined
  const [, restarts = '', putAside = 'in use', gz] = match
  return {
    path,
    source: pod,
    container,
    form: 'cri',
    compressed: gz !== undefined,
    folder: `${basename(podFolder)}/${container}`,
    age: `${restarts.padStart(9, '0')} ${putAside}`,
  }
}

/** /var/log/<component>.log */
export function placeOfComponent(path: string, host: string): LogPlace | undefined {
  const match = /^([\w.-]+)\.log$/.exec(basename(path))
  if (!match) return undefined
  const component = match[1]!
  return {
    path,
    source: { kind: 'component', host, component },
    container: component,
    form: 'plain',
    compressed: false,
    folder: component,
    age: '',
  }
}
