// The same commands as on a real cluster (test/recordings/*.txt, written by `node scripts/run.mjs transcripts record`)
// print the same on kemu.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { needs, root } from '../support/programs.ts'
import { clientVersion } from './client-version.ts'
import { Session } from './session.ts'
import { mainClient, outputOf, parseTranscript } from './transcript.ts'

const recorded = ['v1.32', 'v1.36']
/** What others than the newest kubectl print of it on the real cluster was not recorded. */
const newestOnly = new Set(['shapes'])
const client = needs('kubectl') === false ? clientVersion() : ''
const skip =
  needs('kubectl') || (!recorded.includes(client) && `needs kubectl ${recorded.join(' or ')}`)
const folder = join(root, 'test/recordings')
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => file.replace(/\.txt$/, ''))
  .filter((name) => client === mainClient || !newestOnly.has(name))

// Of the file: a longer time of a test in it would not count.
t.setTimeout(1_200_000)
t.test('kubectl prints on kemu what it prints on a real cluster', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 1 })
  t.teardown(() => cluster.remove())
  await cluster.kubectl('taint', 'nodes', '--all', 'node-role.kubernetes.io/control-plane-')
  await pullImages(cluster)
  const target = { kubeconfig: cluster.kubeconfig, node: 'master', folder }
  for (const name of names) {
    const transcript = parseTranscript(name, readFileSync(join(folder, `${name}.txt`), 'utf8'))
    await t.test(name, async (t) => {
      const session = new Session(target)
      t.teardown(() => session.close(transcript))
      await session.open(transcript)
      for (const step of transcript.steps) {
        const expected = outputOf(step, client)
        const output = await session.replay(step, expected)
        if (step.differs === undefined) t.equal(output, expected, step.command)
        else t.not(output, expected, `differs no more, take the mark away: ${step.command}`)
      }
    })
  }
})

/** On the real cluster they were on the node already, and events tell. */
async function pullImages(cluster: TestCluster): Promise<void> {
  for (const [i, image] of ['busybox:1.36.1', 'nginx:1.26', 'nginx:1.27'].entries())
    await cluster.kubectl('run', `pull-${i}`, `--image=${image}`, '--restart=Never')
  const pulled = '--for=jsonpath={.status.containerStatuses[0].imageID}'
  await cluster.kubectl('wait', pulled, 'pods', '--all', '--timeout=240s')
  await cluster.kubectl('delete', 'pods', '--all', '--now')
}
