import { KVService, MaintenanceService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import { startTestMember } from '../testing/test-member.ts'

t.test('health, versions and metrics over plain HTTP, on the ports of clients too', async (t) => {
  const { server, channel } = await startTestMember(t)
  await channel.unary(KVService.Put, { key: 'a', value: 'b' })
  for (const port of [server.clientPorts[0]!, server.metricsPorts[0]!]) {
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`)
    const text = async (path: string): Promise<string> => (await get(path)).text()
    for (const path of ['/health', '/health?serializable=true', '/health?exclude=NOSPACE']) {
      t.equal(await text(path), '{"health":"true","reason":""}', path)
    }
    t.equal(await text('/livez'), 'ok\n')
    t.equal(await text('/livez?verbose'), '[+]serializable_read ok\nok\n')
    t.equal(await text('/readyz/non_learner'), 'ok\n')
    const ready = (await text('/readyz?verbose&exclude=data_corruption')).split('\n').sort()
    t.same(ready, [
      '',
      '[+]linearizable_read ok',
      '[+]non_learner ok',
      '[+]serializable_read ok',
      'ok',
    ])
    t.equal(
      await text('/version'),
      '{"etcdserver":"3.6.8","etcdcluster":"3.6.0","storage":"3.6.0"}',
    )
    t.equal((await get('/v2/keys')).status, 404)
    t.equal((await get('/health')).headers.get('access-control-allow-origin'), '*')
    const metrics = await text('/metrics')
    const { dbSize } = await channel.unary(MaintenanceService.Status, {})
    for (const line of [
      'etcd_server_has_leader 1',
      'etcd_server_version{server_version="3.6.8"} 1',
      'etcd_mvcc_put_total 1',
      `etcd_mvcc_db_total_size_in_bytes ${dbSize}`,
      '# TYPE etcd_disk_wal_fsync_duration_seconds histogram',
      '# TYPE etcd_server_leader_changes_seen_total counter',
      'etcd_server_quota_backend_bytes 2147483648',
      'etcd_server_feature_enabled{name="LeaseCheckpoint",stage="ALPHA"} 0',
    ]) {
      t.match(metrics, line)
    }
  }
})

t.test('browsers may come from the origins of --cors only', async (t) => {
  const { server } = await startTestMember(t, { flags: ['--cors=https://one,https://two'] })
  const url = `http://127.0.0.1:${server.clientPorts[0]!}/health`
  const origin = async (value: string): Promise<string | null> => {
    const { headers } = await fetch(url, { headers: { origin: value } })
    return headers.get('access-control-allow-origin')
  }
  t.equal(await origin('https://two'), 'https://two')
  t.equal(await origin('https://three'), null)
})
