import fc from 'fast-check'
import t from 'tap'
import { deepEqual } from '@kemu/api'
import type { PodStatus } from '@kemu/api'
import { statusPatch } from './status-patch.ts'

/** A dumb strategic merge: objects merge, null deletes, conditions by type, addresses by ip. */
function apply(old: unknown, patch: unknown, key = ''): unknown {
  if (Array.isArray(patch)) {
    const by = key === 'conditions' ? 'type' : key === 'podIPs' ? 'ip' : undefined
    if (!by) return patch
    const list = [...((old as Record<string, unknown>[] | undefined) ?? [])]
    for (const change of patch as Record<string, unknown>[]) {
      const at = list.findIndex((item) => item[by] === change[by])
      if (change['$patch'] === 'delete') list.splice(at, 1)
      else if (at < 0) list.push(change)
      else list[at] = apply(list[at], change) as Record<string, unknown>
    }
    return list
  }
  if (typeof patch !== 'object' || patch === null) return patch
  const result = { ...(old as object) } as Record<string, unknown>
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete result[name]
    else result[name] = apply(result[name], change, name)
  }
  return result
}

const text = fc.constantFrom('a', 'b', 'c')
const condition = fc.record(
  { type: fc.constantFrom('Ready', 'Initialized', 'X'), status: text, reason: text },
  { requiredKeys: ['type', 'status'] },
)
const status = fc.record(
  {
    phase: text,
    reason: text,
    podIP: text,
    podIPs: fc.uniqueArray(fc.record({ ip: text }), { selector: ({ ip }) => ip }),
    conditions: fc.uniqueArray(condition, { selector: ({ type }) => type }),
    resources: fc.record({ limits: fc.dictionary(text, text, { maxKeys: 2 }) }),
    containerStatuses: fc.array(fc.record({ name: text, ready: fc.boolean() }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<PodStatus>

const byKey = (value: PodStatus): unknown => ({
  ...value,
  conditions: [...(value.conditions ?? [])].sort((a, b) => (a.type < b.type ? -1 : 1)),
  podIPs: [...(value.podIPs ?? [])].sort((a, b) => (a.ip < b.ip ? -1 : 1)),
})

t.test('applying the patch to the old status gives the new one', async (t) => {
  fc.assert(
    fc.property(status, status, (old, next) => {
      const patch = statusPatch(old, next)
      const result = patch ? (apply(old, patch) as PodStatus) : old
      return deepEqual(byKey(result), byKey(next))
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('equal statuses need no patch', async (t) => {
  fc.assert(
    fc.property(status, (old) => statusPatch(old, structuredClone(old)) === undefined),
    { numRuns: 200 },
  )
  t.pass()
})
