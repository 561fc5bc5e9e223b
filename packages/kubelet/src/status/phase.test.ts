import t from 'tap'
import type { ContainerState } from '@kemu/api'
import { aContainer, aPod } from '../testing/builders.ts'
import { podPhase } from './phase.ts'

const running: ContainerState = { running: { startedAt: '' } }
const waiting: ContainerState = { waiting: { reason: 'ContainerCreating' } }
const ended = (exitCode: number): ContainerState => ({ terminated: { exitCode } })

function phaseOf(policy: string, states: readonly ContainerState[], lasts: ContainerState[] = []) {
  const containers = states.map((_, i) => aContainer(`c${i}`))
  const statuses = states.map((state, i) => ({
    name: `c${i}`,
    image: '',
    imageID: '',
    ready: false,
    restartCount: 0,
    state,
    ...(lasts[i] && { lastState: lasts[i] }),
  }))
  return podPhase(aPod({ restartPolicy: policy, containers }), statuses, false, false)
}

t.test('the phase follows from the containers and the restart policy', async (t) => {
  t.equal(phaseOf('Always', [waiting, waiting]), 'Pending')
  t.equal(phaseOf('Always', [running, waiting]), 'Pending')
  t.equal(phaseOf('Always', [running, running]), 'Running')
  t.equal(phaseOf('Always', [ended(1)]), 'Running')
  t.equal(phaseOf('Always', [waiting], [ended(1)]), 'Running', 'backing off')
  t.equal(phaseOf('Never', [ended(0), ended(0)]), 'Succeeded')
  t.equal(phaseOf('Never', [ended(0), ended(2)]), 'Failed')
  t.equal(phaseOf('Never', [running, ended(2)]), 'Running')
  t.equal(phaseOf('OnFailure', [ended(1)]), 'Running')
  t.equal(phaseOf('OnFailure', [ended(0)]), 'Succeeded')
})
