import { existsSync } from 'node:fs'
import t from 'tap'
import { hasOwnEtcd, needs } from '../support/programs.ts'
import { processesOf } from '../support/processes.ts'
import { TestCluster } from '../support/cluster.ts'

interface Listed {
  items: { metadata: { name: string; uid: string }; spec: { nodeName?: string } }[]
}

t.test(
  'a cluster is stopped, comes back as it was, and leaves nothing when it is deleted',
  async (t) => {
    const cluster = await TestCluster.start()
    t.teardown(() => cluster.remove())
    const skip = needs('kubectl')

    const again = await cluster.kemuSucceeds('up')
    t.match(again, /is running already/, 'a second up finds the first')
    const other = await cluster.kemu('up', '--hosts', '5')
    t.equal(other.code, 2)
    t.match(other.stderr, /stands with --hosts \d, .* add hosts with: (npx )?kemu node add/)
    const status = await cluster.kemu('status')
    t.equal(status.code, 0, status.stdout + status.stderr)
    const own = hasOwnEtcd ? ['etcd'] : []
    for (const word of [...own, 'kube-apiserver', 'kubelet', 'container-runtime', 'kube-proxy']) {
      t.match(status.stdout, word)
    }
    const names = async (kind: string): Promise<string[]> => {
      const { items } = await cluster.json<Listed>(kind, '-A')
      return items.map(({ metadata }) => `${metadata.name} ${metadata.uid}`).sort()
    }
    const before = skip ? [] : [await names('nodes'), await names('pods')]

    await cluster.kemuSucceeds('down')
    t.same(processesOf(cluster.stateDir), [], 'no process is left while it is down')
    t.not((await cluster.kemu('status')).code, 0, 'status says that it is down')
    await cluster.kemuSucceeds('up')
    if (!skip)
      t.same(
        [await names('nodes'), await names('pods')],
        before,
        'nodes, pods and UIDs are the same',
      )

    await cluster.kemuSucceeds('delete')
    t.same(processesOf(cluster.stateDir), [], 'no process is left')
    t.notOk(existsSync(cluster.directory), 'no file is left')
  },
)
