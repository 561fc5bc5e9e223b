import t from 'tap'
import fc from 'fast-check'
import type { Endpoint, EndpointSlice } from '@kemu/api'
import { meta, service } from '@kemu/controller-runtime/testing'
import { planSlices } from './plan-slices.ts'
import type { EndpointGroup, SliceInput, SlicePlan } from './plan-slices.ts'

const owner = service('web')

function input(groups: EndpointGroup[], existing: EndpointSlice[]): SliceInput {
  return {
    owner,
    serviceName: 'web',
    managedBy: 'test',
    addressType: 'IPv4',
    labels: {},
    annotations: {},
    groups,
    existing,
    placeholder: true,
  }
}

function endpoint(n: number): Endpoint {
  return { addresses: [`10.0.${n >> 8}.${n & 255}`], conditions: { ready: true } }
}

function apply(slices: EndpointSlice[], plan: SlicePlan): EndpointSlice[] {
  const updated = new Map(plan.updates.map((slice) => [slice.metadata.uid, slice]))
  const kept = slices
    .filter((slice) => !plan.deletes.includes(slice))
    .map((slice) => updated.get(slice.metadata.uid) ?? slice)
  const created = plan.creates.map((draft): EndpointSlice => ({
    ...draft,
    metadata: meta('web', draft.metadata),
  }))
  return [...kept, ...created]
}

/** What the slices show: `address port`, sorted. */
function shown(slices: readonly EndpointSlice[]): string[] {
  return slices
    .flatMap((slice) =>
      (slice.endpoints ?? []).map((e) => `${e.addresses[0]} ${slice.ports?.[0]?.port}`),
    )
    .sort()
}

const portNumbers = [80, 443]

function groupsOf(numbers: readonly (readonly [number, number])[]): EndpointGroup[] {
  return portNumbers.map((port, i) => ({
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: numbers.filter(([, p]) => p === i).map(([n]) => endpoint(n)),
  }))
}

t.test('after any changes the slices show just the endpoints, at most 100 in each', async (t) => {
  const step = fc.uniqueArray(fc.tuple(fc.nat(600), fc.nat(1)), {
    selector: ([n]) => n,
    maxLength: 350,
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      let slices: EndpointSlice[] = []
      for (const numbers of steps) {
        const plan = planSlices(input(groupsOf(numbers), slices))
        if (plan.creates.length > 0 && plan.deletes.length > 0) return false
        slices = apply(slices, plan)
        const wanted = numbers.map(([n, i]) => `${endpoint(n).addresses[0]} ${portNumbers[i]}`)
        if (JSON.stringify(shown(slices)) !== JSON.stringify(wanted.sort())) return false
        if (slices.some((slice) => (slice.endpoints ?? []).length > 100)) return false
        if (slices.length === 0) return false
      }
      const again = planSlices(input(groupsOf(steps.at(-1)!), slices))
      return again.creates.length + again.updates.length + again.deletes.length === 0
    }),
    { numRuns: 150 },
  )
  t.pass('150 histories')
})

t.test('one endpoint more is one update of one slice', async (t) => {
  const first = groupsOf(Array.from({ length: 150 }, (_, i) => [i, 0] as const))
  const slices = apply([], planSlices(input(first, [])))
  t.same(
    slices.map((slice) => slice.endpoints?.length),
    [100, 50],
  )
  const more = groupsOf(Array.from({ length: 151 }, (_, i) => [i, 0] as const))
  const plan = planSlices(input(more, slices))
  t.equal(plan.updates.length, 1)
  t.equal(plan.creates.length + plan.deletes.length, 0)
})

t.test('a service without pods has one empty slice', async (t) => {
  const plan = planSlices(input([], []))
  t.match(plan.creates, [{ endpoints: [], ports: [], addressType: 'IPv4' }])
  const slices = apply([], plan)
  t.same(planSlices(input([], slices)), { creates: [], updates: [], deletes: [] })
})

t.test('the first pod goes into the empty slice, which keeps its name', async (t) => {
  const [empty] = apply([], planSlices(input([], [])))
  const plan = planSlices(input(groupsOf([[1, 0]]), [empty!]))
  t.equal(plan.creates.length + plan.deletes.length, 0)
  t.match(plan.updates, [{ metadata: { name: empty!.metadata.name }, ports: [{ port: 80 }] }])
  const foreign = { ...empty!, metadata: { ...empty!.metadata, ownerReferences: [] } }
  const beside = planSlices(input(groupsOf([[1, 0]]), [foreign]))
  t.same([beside.creates.length, beside.updates.length, beside.deletes], [1, 0, [foreign]])
})
