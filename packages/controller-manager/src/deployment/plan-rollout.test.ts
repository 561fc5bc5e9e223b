import t from 'tap'
import fc from 'fast-check'
import type { Deployment, ReplicaSet } from '@kemu/api'
import { deployment, meta, pod } from '@kemu/controller-runtime/testing'
import { amountOrShare } from '../pods/percentage.ts'
import { planRollout } from './plan-rollout.ts'
import type { RolloutPlan } from './plan-rollout.ts'
import { annotations } from './revision.ts'

const nowMs = Date.parse('2026-01-01T00:10:00Z')

/** A Deployment with its sets, to which plans are applied as the API and the other controllers would. */
class World {
  deployment: Deployment
  sets: ReplicaSet[] = []

  constructor(start: Deployment) {
    this.deployment = start
  }

  plan(atMs = nowMs, podsOf: (uid: string) => readonly ReturnType<typeof pod>[] = () => []) {
    return planRollout({ deployment: this.deployment, sets: this.sets, podsOf, nowMs: atMs })
  }

  apply(plan: RolloutPlan): void {
    if (plan.create) {
      const { set } = plan.create
      const created = meta(set.metadata.name!, set.metadata)
      this.sets.push({ ...set, metadata: created, status: { replicas: 0 } })
    }
    for (const { set } of plan.updates) this.#replace(set)
    for (const gone of plan.deletions)
      this.sets = this.sets.filter((set) => set.metadata.uid !== gone.metadata.uid)
    if (plan.status) this.deployment = plan.status
  }

  /** Some set's pods come, go or become available, one step. False when all stand as wanted. */
  podStep(): boolean {
    for (const set of this.sets) {
      const wanted = set.spec.replicas!
      const { replicas, availableReplicas = 0 } = set.status
      if (replicas !== wanted) {
        const next = Math.min(replicas > wanted ? wanted : replicas + 1, wanted)
        this.#status(set, next, Math.min(availableReplicas, next))
        return true
      }
      if (availableReplicas < replicas) {
        this.#status(set, replicas, availableReplicas + 1)
        return true
      }
    }
    return false
  }

  change(edit: (spec: Deployment['spec']) => Deployment['spec']): void {
    const generation = (this.deployment.metadata.generation ?? 0) + 1
    this.deployment = {
      ...this.deployment,
      metadata: { ...this.deployment.metadata, generation },
      spec: edit(this.deployment.spec),
    }
  }

  /** Plans and pod steps in turn until nothing changes; `check` sees every state. */
  settle(check: () => void = () => {}): void {
    for (let round = 0; round < 500; round++) {
      const before = JSON.stringify([this.deployment, this.sets])
      this.apply(this.plan())
      check()
      const moved = this.podStep()
      check()
      if (!moved && before === JSON.stringify([this.deployment, this.sets])) return
    }
    throw new Error('does not settle')
  }

  get available(): number {
    return this.sets.reduce((sum, set) => sum + (set.status.availableReplicas ?? 0), 0)
  }

  get total(): number {
    return this.sets.reduce(
      (sum, set) => sum + Math.max(set.status.replicas, set.spec.replicas!),
      0,
    )
  }

  #replace(next: ReplicaSet): void {
    this.sets = this.sets.map((set) => (set.metadata.uid === next.metadata.uid ? next : set))
  }

  #status(set: ReplicaSet, replicas: number, availableReplicas: number): void {
    const status = { replicas, availableReplicas, readyReplicas: availableReplicas }
    this.#replace({ ...set, status: { ...status, observedGeneration: set.metadata.generation! } })
  }
}

const image = (name: string) => (spec: Deployment['spec']) => ({
  ...spec,
  template: { ...spec.template, spec: { containers: [{ name: 'main', image: name }] } },
})

function condition(world: World, type: string) {
  return world.deployment.status.conditions?.find((c) => c.type === type)
}

t.test('a new deployment gets a set of its size, named by the hash of its template', async (t) => {
  const world = new World(deployment('web', 3))
  const plan = world.plan()
  const { set, replicas } = plan.create!
  t.equal(replicas, 3)
  t.match(set.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]+$/)
  const hash = set.metadata.name!.slice('web-'.length)
  t.equal(set.spec.selector.matchLabels?.['pod-template-hash'], hash)
  t.equal(set.spec.template?.metadata?.labels?.['pod-template-hash'], hash)
  t.match(set.metadata.annotations, {
    [annotations.revision]: '1',
    [annotations.desired]: '3',
    [annotations.max]: '4',
  })
  t.equal(plan.status?.metadata.annotations?.[annotations.revision], '1')
  world.apply(plan)
  t.match(condition(world, 'Progressing'), { status: 'True', reason: 'NewReplicaSetCreated' })
  t.match(condition(world, 'Available'), { status: 'False', reason: 'MinimumReplicasUnavailable' })
})

t.test('a finished rollout says so, and then nothing more is written', async (t) => {
  const world = new World(deployment('web', 3))
  world.settle()
  t.match(condition(world, 'Progressing'), {
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "${world.sets[0]!.metadata.name}" has successfully progressed.`,
  })
  t.match(world.deployment.status, { replicas: 3, updatedReplicas: 3, availableReplicas: 3 })
  const plan = world.plan()
  t.same(
    { ...plan, checkAfterMs: undefined },
    { updates: [], deletions: [], checkAfterMs: undefined },
  )
})

t.test(
  'rolling back to an old template takes its set again and counts the revision up',
  async (t) => {
    const world = new World(deployment('web', 2))
    world.settle()
    const first = world.sets[0]!.metadata.name
    world.change(image('web:2'))
    world.settle()
    t.equal(world.deployment.metadata.annotations?.[annotations.revision], '2')
    world.change(image('web:1'))
    world.settle()
    t.equal(world.sets.length, 2)
    const current = world.sets.find((set) => set.spec.replicas === 2)!
    t.equal(current.metadata.name, first)
    t.match(current.metadata.annotations, {
      [annotations.revision]: '3',
      [annotations.history]: '1',
    })
  },
)

t.test('old sets beyond the history limit are deleted, the oldest first', async (t) => {
  const world = new World(deployment('web', 1, { spec: { revisionHistoryLimit: 2 } }))
  for (let i = 1; i <= 5; i++) {
    world.change(image(`web:${i}`))
    world.settle()
  }
  const revisions = world.sets.map((set) =>
    Number(set.metadata.annotations?.[annotations.revision]),
  )
  t.same(
    revisions.sort((a, b) => a - b),
    [3, 4, 5],
  )
})

t.test('a paused deployment does not roll, but scales', async (t) => {
  const world = new World(deployment('web', 2))
  world.settle()
  world.change((spec) => ({ ...image('web:2')(spec), paused: true, replicas: 5 }))
  world.settle()
  t.equal(world.sets.length, 1)
  t.equal(world.sets[0]!.spec.replicas, 5)
  t.match(condition(world, 'Progressing'), { status: 'Unknown', reason: 'DeploymentPaused' })
  world.change((spec) => ({ ...spec, paused: false }))
  world.settle()
  t.equal(world.sets.length, 2)
})

t.test('Recreate waits until no old pod is left', async (t) => {
  const world = new World(deployment('web', 2, { spec: { strategy: { type: 'Recreate' } } }))
  world.settle()
  world.change(image('web:2'))
  world.apply(world.plan())
  t.equal(world.sets[0]!.spec.replicas, 0)
  t.equal(world.sets.length, 1, 'no new set while the old one has pods')
  while (world.podStep());
  const running = [pod('web-1', { status: { phase: 'Running' } })]
  t.notOk(world.plan(nowMs, () => running).create, 'a terminating pod still counts')
  world.apply(world.plan())
  t.equal(world.sets.length, 2)
  world.settle()
  t.equal(world.available, 2)
})

t.test('scaling in the middle of a rollout keeps the mix of versions', async (t) => {
  const world = new World(
    deployment('web', 10, {
      spec: {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
      },
    }),
  )
  world.settle()
  world.change(image('web:2'))
  world.apply(world.plan())
  world.apply(world.plan())
  const sizes = () => world.sets.map((set) => set.spec.replicas)
  t.same(sizes(), [8, 5], 'eight of the first, five of the second')
  world.change((spec) => ({ ...spec, replicas: 30 }))
  world.apply(world.plan())
  t.same(sizes(), [20, 13], 'both grow by the same share, up to 33')
})

t.test('scaling to what the sets hold already does not end the rollout', async (t) => {
  const world = new World(deployment('web', 2))
  world.settle()
  world.change(image('web:2'))
  const sizes = () => world.sets.map((set) => set.spec.replicas)
  while (sizes().join() !== '2,1') world.apply(world.plan())
  world.sets = world.sets.map((set) => ({ ...set, spec: { ...set.spec, replicas: 2 } }))
  world.change((spec) => ({ ...spec, replicas: 3 }))
  world.apply(world.plan())
  t.same(sizes(), [2, 2], 'the sets hold 3 and the surge of 1')
  world.settle()
  t.same(sizes(), [0, 3])
})

t.test('a rollout that stands still past its deadline is told as failed, once', async (t) => {
  const world = new World(deployment('web', 1, { spec: { progressDeadlineSeconds: 10 } }))
  world.apply(world.plan())
  const plan = world.plan()
  t.equal(plan.checkAfterMs, 11_000)
  const late = world.plan(nowMs + 11_000)
  t.match(
    late.status?.status.conditions?.find((c) => c.type === 'Progressing'),
    { status: 'False', reason: 'ProgressDeadlineExceeded' },
  )
  world.apply(late)
  t.notOk(world.plan(nowMs + 12_000).status)
})

t.test(
  'another template with the same hash gets another name by the collision count',
  async (t) => {
    const first = new World(deployment('web', 1)).plan().create!.set.metadata.name
    const collided = deployment('web', 1)
    collided.status.collisionCount = 1
    t.not(new World(collided).plan().create!.set.metadata.name, first)
  },
)

t.test('every rollout keeps availability and surge within bounds, and ends', async (t) => {
  const bound = fc.oneof(
    fc.nat(4),
    fc.nat(100).map((n) => `${n}%`),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 }),
      bound,
      bound,
      fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.boolean()), { maxLength: 3 }),
      (replicas, maxSurge, maxUnavailable, scales) => {
        const rollingUpdate = { maxSurge, maxUnavailable }
        const strategy = { type: 'RollingUpdate', rollingUpdate }
        const world = new World(deployment('web', replicas, { spec: { strategy } }))
        world.settle()
        world.change(image('web:2'))
        const surge = amountOrShare(maxSurge, replicas, 'up')
        const down = amountOrShare(maxUnavailable, replicas, 'down')
        const floor = replicas - (surge === 0 && down === 0 ? 1 : Math.min(down, replicas))
        world.settle(() => {
          if (world.available < floor) throw new Error(`available ${world.available} < ${floor}`)
          if (world.total > replicas + surge) throw new Error(`total ${world.total}`)
        })
        let version = 2
        for (const [size, rolls] of scales) {
          if (rolls) world.change(image(`web:${++version}`))
          world.apply(world.plan())
          world.podStep()
          world.change((spec) => ({ ...spec, replicas: size }))
          world.apply(world.plan())
          world.podStep()
        }
        world.settle()
        const wanted = scales.at(-1)?.[0] ?? replicas
        const newest = world.sets.find(
          (set) => set.spec.template?.spec?.containers[0]?.image === `web:${version}`,
        )
        return world.available === wanted && (newest?.status.availableReplicas ?? 0) === wanted
      },
    ),
    { numRuns: 200 },
  )
  t.pass('200 rollouts')
})

t.test('revisions are counted exactly, however large a set says its own is', async (t) => {
  const world = new World(deployment('web', 1))
  world.settle()
  const [set] = world.sets
  set!.metadata.annotations![annotations.revision] = '3546343826724305832'
  world.change(image('web:2'))
  world.settle()
  const { revision } = annotations
  t.equal(world.deployment.metadata.annotations?.[revision], '3546343826724305833')
})
