import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseYaml } from '@kemu/api/yaml'
import { CertificateAuthority, publicKeyHash } from '@kemu/pki'
import { parseToken } from './bootstrap-token.ts'
import { forgetMembership, prepareJoin, standingMembership } from './join.ts'
import type { JoinedCluster } from './join.ts'

const site = { isolation: 'root', extraArgs: {} } as const
const token = parseToken('abcdef.0123456789abcdef')

async function cluster(): Promise<JoinedCluster> {
  const ca = await CertificateAuthority.create('kubernetes', Date.parse('2026-11-21T00:00:00Z'))
  const kubelet = {
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false } },
    clusterDNS: ['10.96.0.10'],
  }
  return { name: 'sample', ca: ca.certificate, kubelet }
}

t.test('a host that joined boots again with another address and without a token', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-join-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const joined = await cluster()
  prepareJoin(joined, { name: 'worker1', address: '172.20.0.3', dir }, site, token)
  t.match(
    readFileSync(join(dir, 'etc/kubernetes/bootstrap-kubelet.conf'), 'utf8'),
    'token: abcdef.0123456789abcdef',
  )

  const standing = standingMembership(dir, publicKeyHash(joined.ca))
  t.same(standing, joined)
  prepareJoin(standing!, { name: 'worker1', address: '172.21.0.9', dir }, site)
  const config = parseYaml(readFileSync(join(dir, 'var/lib/kubelet/config.yaml'), 'utf8'))
  t.match(config, { address: '172.21.0.9', clusterDNS: ['10.96.0.10'] })
})

t.test(
  'a cluster with another CA is another cluster: what the host was is forgotten',
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'kemu-join-'))
    t.teardown(() => rmSync(dir, { recursive: true }))
    t.equal(standingMembership(dir), undefined)
    prepareJoin(await cluster(), { name: 'worker1', address: '172.20.0.3', dir }, site, token)
    t.equal(standingMembership(dir, publicKeyHash((await cluster()).ca)), undefined)
    forgetMembership(dir)
    t.equal(standingMembership(dir), undefined)
    t.notOk(existsSync(join(dir, 'etc/kubernetes/pki/ca.crt')))
    t.notOk(existsSync(join(dir, 'var/lib/kubelet/config.yaml')))
  },
)
