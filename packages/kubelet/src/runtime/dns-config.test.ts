import t from 'tap'
import { aPod } from '../testing/builders.ts'
import { parseResolvConf, planDns } from './dns-config.ts'

const settings = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local' }
const host = parseResolvConf('# c\nnameserver 192.0.2.53\nsearch a.test. b.test\noptions ndots:2\n')

t.test('a pod asks the cluster, with its namespace first', async (t) => {
  t.same(planDns(aPod(), settings, host).config, {
    servers: ['10.96.0.10'],
    searches: [
      'default.svc.cluster.local',
      'svc.cluster.local',
      'cluster.local',
      'a.test',
      'b.test',
    ],
    options: ['ndots:5'],
  })
})

t.test('a pod on the host network asks whom the host asks, unless it says otherwise', async (t) => {
  t.same(planDns(aPod({ hostNetwork: true }), settings, host).config, host)
  const pod = aPod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' })
  t.same(planDns(pod, settings, host).config.servers, ['10.96.0.10'])
})

t.test('None takes only what the pod brings; too much is cut and said', async (t) => {
  const dnsConfig = {
    nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'],
    searches: ['x.test'],
    options: [{ name: 'ndots', value: '3' }, { name: 'edns0' }],
  }
  const { config, warnings } = planDns(aPod({ dnsPolicy: 'None', dnsConfig }), settings, host)
  t.same(config, {
    servers: ['1.1.1.1', '2.2.2.2', '3.3.3.3'],
    searches: ['x.test'],
    options: ['ndots:3', 'edns0'],
  })
  t.match(warnings, [/^Nameserver limits were exceeded/])
})
