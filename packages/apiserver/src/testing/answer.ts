import { isStatusError } from '@kemu/api'
import type { KubeObject, Status } from '@kemu/api'

/** What a request came to, without what differs from run to run. */
export type Answer = { readonly object: unknown } | { readonly refused: Partial<Status> }

/** Makes a request and keeps its answer or its refusal. */
export async function answerOf(request: Promise<unknown>): Promise<Answer> {
  try {
    return { object: settle(await request) }
  } catch (error) {
    if (!isStatusError(error)) throw error
    const { message, reason, code, details } = error.status
    return { refused: settle({ message, reason, code, details }) as Partial<Status> }
  }
}

const volatile = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
])

/**
 * Replaces what each run has its own of, wherever it stands; texts lose their uids, versions and
 * generated names.
 */
export function settle(value: unknown): unknown {
  if (typeof value === 'string') return settleText(value)
  if (Array.isArray(value)) return value.map(settle)
  if (typeof value !== 'object' || value === null) return value
  const result: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined || key === 'managedFields') continue
    result[key] = volatile.has(key) ? `<${key}>` : settle(key === 'causes' ? once(field) : field)
  }
  return result
}

/** Upstream tells some rules twice: once for all kinds, once for the kind. */
function once(causes: unknown): unknown {
  if (!Array.isArray(causes)) return causes
  return [...new Map(causes.map((cause) => [JSON.stringify(cause), cause as unknown])).values()]
}

function settleText(text: string): string {
  return (
    text
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
      .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '<time>')
      .replaceAll(/\b(made|kube-api-access)-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '$1-<suffix>')
      .replaceAll(/(resource version: |current: )\d+/g, '$1<version>')
      .replaceAll(/in record \(\d+\)/g, 'in record (<version>)')
      // Which of several bindings is named is chance; how a change is shown follows Go's own types.
      .replace(/^(RBAC: allowed by )[\s\S]*/, '$1<binding>')
      .replace(/\n(?:--- |@@ )[\s\S]*/, '')
  )
}

/** The names of a list's items, in its order. */
export function namesOf(list: { readonly items: readonly KubeObject[] }): string[] {
  return list.items.map(({ metadata }) => metadata.name)
}
