import t from 'tap'
import { toConfState } from '../tracker/config.ts'
import { confStateOf } from '../types.ts'
import type { ConfState } from '../types.ts'
import { planConfChange } from './changer.ts'
import { confChange, decodeConfChange, encodeConfChange, leaveJointChange } from './conf-change.ts'
import type { ConfChange } from './conf-change.ts'
import { restoreConfig } from './restore.ts'

function planned(from: ConfState, change: ConfChange): ConfState | string {
  const plan = planConfChange(restoreConfig(from), change)
  return plan.ok ? toConfState(plan.config) : plan.reason
}

const three = confStateOf(['a', 'b', 'c'])

t.test('one voter comes or goes at once (section 4.1)', (t) => {
  t.same(planned(three, confChange('addVoter', 'd')), confStateOf(['a', 'b', 'c', 'd']))
  t.same(planned(three, confChange('remove', 'c')), confStateOf(['a', 'b']))
  t.end()
})

t.test('a learner becomes a voter by being added again', (t) => {
  const withLearner = planned(three, confChange('addLearner', 'd')) as ConfState
  t.same(withLearner.learners, ['d'])
  t.same(planned(withLearner, confChange('addVoter', 'd')), confStateOf(['a', 'b', 'c', 'd']))
  t.end()
})

t.test('several changes go through a joint configuration and leave it by themselves', (t) => {
  const steps = [...confChange('addVoter', 'd').steps, ...confChange('remove', 'a').steps]
  const joint = planned(three, { steps, transition: 'auto', context: '' }) as ConfState
  t.same(joint.voters, ['b', 'c', 'd'])
  t.same(joint.votersOutgoing, ['a', 'b', 'c'])
  t.ok(joint.autoLeave)
  t.same(planned(joint, leaveJointChange), confStateOf(['b', 'c', 'd']))
  t.match(planned(joint, confChange('remove', 'b')), /leave it first/)
  t.end()
})

t.test('a voter that becomes a learner waits until the joint configuration is left', (t) => {
  const steps = [...confChange('addLearner', 'c').steps, ...confChange('addVoter', 'd').steps]
  const joint = planned(three, { steps, transition: 'auto', context: '' }) as ConfState
  t.same(joint.learners, [])
  t.same(joint.learnersNext, ['c'])
  t.same((planned(joint, leaveJointChange) as ConfState).learners, ['c'])
  t.end()
})

t.test('the last voter stays, and there is nothing to leave outside of a joint change', (t) => {
  t.match(planned(confStateOf(['a']), confChange('remove', 'a')), /last voter/)
  t.match(planned(three, leaveJointChange), /not joint/)
  t.end()
})

t.test('a change survives its way through the log', (t) => {
  const change = confChange('addLearner', 'x', '{"name":"x"}')
  t.same(decodeConfChange(encodeConfChange(change)), change)
  t.end()
})
