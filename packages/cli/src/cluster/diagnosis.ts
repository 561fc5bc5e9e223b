import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterDirectory } from './cluster-directory.ts'
import type { ClusterRecord } from './cluster-record.ts'
import { typed } from '../output/typed.ts'

const linesShown = 5

/** Why a control plane does not answer: the newest lines of its logs, and where the rest is. */
export function explainSilence(record: ClusterRecord, directory: ClusterDirectory): string {
  const master = directory.host(record.hosts[0]!.name)
  const logs = [join(master, 'var/log/kubelet.log'), ...podLogs(join(master, 'var/log/pods'))]
  const parts = logs
    .filter((file) => existsSync(file))
    .map((file) => `${file}:\n${indent(lastLines(file))}`)
  return [
    `the API server of cluster "${record.name}" does not answer at https://${record.apiAddress}`,
    ...parts,
    `look further with: ${typed('logs kube-apiserver', record.name)}`,
  ].join('\n')
}

/** The newest log of each container below /var/log/pods. */
function podLogs(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir).flatMap((pod) =>
    readdirSync(join(dir, pod)).flatMap((container) => {
      const folder = join(dir, pod, container)
      if (!statSync(folder).isDirectory()) return []
      const newest = readdirSync(folder).sort().at(-1)
      return newest === undefined ? [] : [join(folder, newest)]
    }),
  )
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-linesShown).join('\n')
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}
