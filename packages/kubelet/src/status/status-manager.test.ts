import { pods } from '@kemu/api'
import type { KubeObject, Pod, PodStatus } from '@kemu/api'
import { seededRandom, silentLogger } from '@kemu/base'
import { ManualClock } from '@kemu/base/testing'
import { Client } from '@kemu/client'
import type { PatchType, ResourcePath } from '@kemu/client'
import t from 'tap'
import { aPod } from '../testing/builders.ts'
import { MemoryApi } from '../testing/memory-api.ts'
import { StatusManager } from './status-manager.ts'

/** An API that can lose its answer after the write, and one that keeps a field as it is. */
class FaultyApi extends MemoryApi {
  losesNextAnswer = false
  pinnedReason: string | undefined
  patches = 0

  override async patch(path: ResourcePath, type: PatchType, patch: unknown): Promise<KubeObject> {
    this.patches += 1
    const { status, ...rest } = patch as { status: PodStatus }
    const pinned = this.pinnedReason && { reason: this.pinnedReason }
    const answer = await super.patch(path, type, { ...rest, status: { ...status, ...pinned } })
    if (!this.losesNextAnswer) return answer
    this.losesNextAnswer = false
    throw new Error('Connection dropped')
  }
}

async function setUp() {
  const clock = new ManualClock()
  const api = new FaultyApi()
  const client = new Client(api)
  const { metadata } = await client.resource(pods, 'default').create(aPod())
  const inApi = (): Promise<Pod> => client.resource(pods, 'default').get('web')
  let watched = await inApi()
  const manager = new StatusManager({
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    apiPodOf: () => watched,
  })
  manager.connect(client)
  return {
    api,
    manager,
    inApi,
    /** Says whether the pod is ready since then. */
    say: async (ready: boolean, since: string): Promise<void> => {
      manager.set(watched, statusOf(ready, since))
      await settled()
    },
    /** The watch catches up with the API. */
    watch: async (): Promise<void> => {
      watched = await inApi()
      manager.refresh(metadata.uid)
      await settled()
    },
  }
}

function statusOf(ready: boolean, lastTransitionTime: string): PodStatus {
  const status = ready ? 'True' : 'False'
  return { phase: 'Running', conditions: [{ type: 'Ready', status, lastTransitionTime }] }
}

/** All that waits only for other promises has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function readiness({ status }: Pod): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status
}

t.test(
  'A pod that is ready again is told, although the answer to "not ready" was lost',
  async (t) => {
    const { api, say, watch, inApi } = await setUp()
    await say(true, '2026-01-01T00:00:01Z')
    await watch()
    api.losesNextAnswer = true
    await say(false, '2026-01-01T00:00:02Z')
    t.equal(readiness(await inApi()), 'False', 'written, but the kubelet does not know')
    await say(true, '2026-01-01T00:00:03Z')
    await watch()
    t.equal(readiness(await inApi()), 'True')
  },
)

t.test('What the API keeps as it is, is not said for ever', async (t) => {
  const { api, say, watch, inApi } = await setUp()
  api.pinnedReason = 'Evicted'
  await say(true, '2026-01-01T00:00:01Z')
  for (let round = 0; round < 5; round++) await watch()
  const { patches } = api
  for (let round = 0; round < 5; round++) await watch()
  t.equal(api.patches, patches)
  t.equal(readiness(await inApi()), 'True')
})
