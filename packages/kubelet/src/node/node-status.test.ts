import t from 'tap'
import { nodeStatus } from './node-status.ts'
import type { NodeFacts } from './node-status.ts'

const facts: NodeFacts = {
  name: 'n',
  hostname: 'n',
  addresses: ['10.0.0.1'],
  machine: {
    cpus: 4,
    memoryBytes: 0,
    diskBytes: 0,
    machineId: '',
    systemUuid: '',
    bootId: '',
    kernelVersion: '',
    osImage: '',
    architecture: 'amd64',
  },
  resources: { capacity: { cpu: '4' }, allocatable: { cpu: '3' } },
  port: 10250,
  runtime: {
    name: 'kemu',
    version: '1',
    problems: [],
    handlers: [],
    supplementalGroupsPolicy: false,
    gaps: {},
    images: [],
  },
}

t.test('keeps what others advertise on the node, and only that', async (t) => {
  const amounts = { cpu: '8', 'example.com/foo': '5', 'hugepages-2Mi': '2Mi' }
  const old = { capacity: amounts, allocatable: { 'example.com/gone': '1' } }
  const { capacity, allocatable } = nodeStatus(facts, old, 0)
  t.same(capacity, { cpu: '4', 'example.com/foo': '5' })
  t.same(allocatable, { cpu: '3', 'example.com/foo': '5' })
})
