import t from 'tap'
import { parseRecordName } from './record-name.ts'
import { reverseAddress } from './reverse.ts'

t.test('takes names apart as the specification does', (t) => {
  const service = {
    kind: 'service',
    namespace: 'ns',
    service: 'web',
    endpoint: '',
    port: '',
    protocol: '',
  }
  const table: [string, object][] = [
    ['', { kind: 'apex' }],
    ['svc', { kind: 'apex' }],
    ['ns.svc', { kind: 'namespace', branch: 'svc', namespace: 'ns' }],
    ['web.ns.svc', service],
    ['db-0.web.ns.svc', { ...service, endpoint: 'db-0' }],
    ['_http._tcp.web.ns.svc', { ...service, port: 'http', protocol: 'tcp' }],
    ['10-0-0-1.ns.pod', { kind: 'pod', namespace: 'ns', pod: '10-0-0-1' }],
    ['a.b.c.web.ns.svc', { kind: 'invalid' }],
    ['web.ns.other', { kind: 'invalid' }],
  ]
  for (const [base, wanted] of table) t.same(parseRecordName(base), wanted, base)
  t.end()
})

t.test('reads reverse names of both families', (t) => {
  t.equal(reverseAddress('20.0.96.10.in-addr.arpa'), '10.96.0.20')
  const zeros = Array.from({ length: 27 }, () => '0').join('.')
  t.equal(reverseAddress(`5.${zeros}.0.0.d.f.ip6.arpa`), 'fd00::5')
  for (const name of ['0.96.10.in-addr.arpa', 'x.0.96.10.in-addr.arpa', '5.ip6.arpa', 'web'])
    t.equal(reverseAddress(name), undefined, name)
  t.end()
})
