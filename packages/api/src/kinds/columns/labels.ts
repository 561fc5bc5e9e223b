import type { LabelSelector } from '../../generated/types.ts'

type Labels = Readonly<Record<string, string>> | undefined

/** `a=1,b=2` in the order of the keys; `<none>` without any (labels.FormatLabels). */
export function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

/** The notation of `kubectl -l` with upstream's order; '' for a selector without requirements or none at all. */
export function selectorText(selector: LabelSelector | undefined): string {
  const byLabel = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }))
  const byExpression = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => ({
    key,
    text: requirementText(key, operator, values ?? []),
  }))
  const requirements = [...byLabel, ...byExpression]
  requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return requirements.map(({ text }) => text).join(',')
}

/** The same, with `<none>` for nothing (metav1.FormatLabelSelector). */
export function labelSelectorText(selector: LabelSelector | undefined): string {
  return selectorText(selector) || '<none>'
}

function requirementText(key: string, operator: string, values: readonly string[]): string {
  const set = `(${[...values].sort().join(',')})`
  switch (operator) {
    case 'In':
      return `${key} in ${set}`
    case 'NotIn':
      return `${key} notin ${set}`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
    default:
      return '<error>'
  }
}
