import type { Job, Pod } from '@kemu/api'

export const completionIndexKey = 'batch.kubernetes.io/job-completion-index'

/** The indexes of a job's work, as a set. */
export type Indexes = ReadonlySet<number>

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed'
}

/** The index that the pod works on; undefined when it has none that counts for the job. */
export function completionIndexOf(pod: Pod, { spec }: Job): number | undefined {
  const text = pod.metadata.annotations?.[completionIndexKey] ?? ''
  if (!/^\d+$/.test(text)) return undefined
  const index = Number(text)
  return index < (spec.completions ?? 0) ? index : undefined
}

export function indexesOfPods(pods: readonly Pod[], job: Job): Set<number> {
  return new Set(pods.flatMap((pod) => completionIndexOf(pod, job) ?? []))
}

/** `1,3-5,7`; indexes that the job does not have any more are left out, and so is what cannot be read. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (!match) continue
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])]
    for (let i = first; i <= Math.min(last, completions - 1); i++) indexes.add(i)
  }
  return indexes
}

/** `1,3-5,7`: two neighbours are listed, three or more are a range. */
export function formatIndexes(indexes: Indexes): string {
  const parts: string[] = []
  const sorted = [...indexes].sort((a, b) => a - b)
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!
    while (sorted[i + 1] === sorted[i]! + 1) i++
    const last = sorted[i]!
    if (last === first) parts.push(String(first))
    else parts.push(`${first}${last === first + 1 ? ',' : '-'}${last}`)
  }
  return parts.join(',')
}
