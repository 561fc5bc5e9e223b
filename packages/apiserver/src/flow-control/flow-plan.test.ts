import type { FlowSchema, PriorityLevelConfiguration } from '@kemu/api'
import t from 'tap'
import { bootstrapLevels, bootstrapSchemas } from '../bootstrap/flow-control-objects.ts'
import { planFlowControl } from './flow-plan.ts'

const levels = Object.entries(bootstrapLevels).map(([name, spec]) => ({
  metadata: { name, uid: `uid of ${name}` },
  spec,
  status: {},
})) as PriorityLevelConfiguration[]
const schemas = Object.entries(bootstrapSchemas).map(([name, spec]) => ({
  metadata: { name, uid: `uid of ${name}` },
  spec,
  status: {},
})) as FlowSchema[]

t.test('seats are divided by shares, as a real server with the usual objects does', async (t) => {
  const plan = planFlowControl(schemas, levels, 600)
  const limits = plan.levels.map((level) => [level.name, level.nominalSeats, level.minSeats])
  // apiserver_flowcontrol_nominal_limit_seats and lower_limit_seats of kube-apiserver v1.36.3
  t.same(Object.fromEntries(limits.map(([name, ...seats]) => [name, seats])), {
    exempt: [0, 0],
    'catch-all': [13, 13],
    'global-default': [49, 24],
    'leader-election': [25, 25],
    'node-high': [98, 73],
    system: [74, 50],
    'workload-high': [98, 49],
    'workload-low': [245, 24],
  })
  t.equal(plan.levels.find(({ name }) => name === 'system')!.maxSeats, 674)
})

t.test('without objects there are the mandatory schemas', async (t) => {
  const plan = planFlowControl([], [], 600)
  t.same(
    plan.schemas.map(({ name, uid, level }) => [name, uid, level.name]),
    [
      ['exempt', '', 'exempt'],
      ['catch-all', '', 'catch-all'],
    ],
  )
  t.same(
    plan.levels.map(({ name, nominalSeats }) => [name, nominalSeats]),
    [
      ['exempt', 0],
      ['catch-all', 600],
    ],
  )
})

t.test('a schema whose level does not exist is not used, and says so', async (t) => {
  const lost = {
    metadata: { name: 'lost' },
    spec: { priorityLevelConfiguration: { name: 'nowhere' }, matchingPrecedence: 3 },
    status: { conditions: [{ type: 'Dangling', status: 'False', reason: 'Found', message: '' }] },
  } as FlowSchema
  const { schemas: used, changes } = planFlowControl([...schemas, lost], levels, 600)
  t.notOk(used.some(({ name }) => name === 'lost'))
  t.same(used.map(({ name }) => name).slice(0, 2), ['exempt', 'probes'])
  t.same(changes.at(-1), {
    schema: 'lost',
    status: 'True',
    reason: 'NotFound',
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
  })
  const said = schemas.map((schema) => {
    const { status, reason, message } = changes.find((c) => c.schema === schema.metadata.name)!
    const conditions = [{ type: 'Dangling', status, reason, message }]
    return { ...schema, status: { conditions } }
  })
  t.same(planFlowControl(said, levels, 600).changes, [], 'said once')
})
