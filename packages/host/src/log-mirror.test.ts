import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { LogMirror } from './log-mirror.ts'

/** A log directory, and what was mirrored from it. */
function logs(t: Test): {
  readonly dir: string
  readonly start: () => void
  readonly seen: (line: string) => Promise<void>
  readonly lines: readonly string[]
} {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-logs-'))
  const lines: string[] = []
  let onLine = (): void => {}
  const mirror = new LogMirror(dir, (line) => {
    lines.push(line)
    onLine()
  })
  t.teardown(() => {
    mirror.close()
    rmSync(dir, { recursive: true })
  })
  return {
    dir,
    lines,
    start: () => mirror.start(),
    seen: (line) =>
      new Promise((resolve) => {
        onLine = () => void (lines.includes(line) && resolve())
        onLine()
      }),
  }
}

t.test(
  'says whole lines with the component in front, and nothing from before its start',
  async (t) => {
    const { dir, start, seen, lines } = logs(t)
    writeFileSync(join(dir, 'kubelet.log'), 'old\n')
    start()
    appendFileSync(join(dir, 'kubelet.log'), 'half of ')
    appendFileSync(join(dir, 'kubelet.log'), 'a line\n')
    await seen('kubelet: half of a line\n')
    writeFileSync(join(dir, 'container-runtime.log'), 'first words\n')
    await seen('container-runtime: first words\n')
    t.notOk(lines.includes('kubelet: old\n'))
  },
)

t.test("follows the cluster's own pods through restarts, and no other pods", async (t) => {
  const { dir, start, seen, lines } = logs(t)
  start()
  const write = (pod: string, container: string, file: string, text: string): void => {
    const folder = join(dir, 'pods', pod, container)
    mkdirSync(folder, { recursive: true })
    appendFileSync(join(folder, file), `2026-11-21T10:00:00.000000000Z stdout F ${text}\n`)
  }
  write('kube-system_etcd-master_1', 'etcd', '0.log', 'serving')
  await seen('etcd: serving\n')
  write('default_web_2', 'web', '0.log', "a person's words")
  write('kube-system_etcd-master_1', 'etcd', '1.log', 'serving again')
  await seen('etcd: serving again\n')
  rmSync(join(dir, 'pods/kube-system_etcd-master_1'), { recursive: true })
  write('kube-system_etcd-master_3', 'etcd', '0.log', 'another pod')
  await seen('etcd: another pod\n')
  write('kube-network_pod-network-x_4', 'pod-network', '0.log', 'routes lie')
  await seen('pod-network: routes lie\n')
  t.notOk(lines.some((line) => line.startsWith('web:')))
})
