import t from 'tap'
import { parsePath } from './request-info.ts'

const rows: readonly [string, string][] = [
  ['/api/v1/pods', '/v1/pods ns= name= sub= rest='],
  ['/api/v1/namespaces/a/pods', '/v1/pods ns=a name= sub= rest='],
  ['/api/v1/namespaces/a/pods/p/log', '/v1/pods ns=a name=p sub=log rest='],
  ['/api/v1/namespaces/a', '/v1/namespaces ns=a name=a sub= rest='],
  ['/api/v1/namespaces/a/status', '/v1/namespaces ns=a name=a sub=status rest='],
  ['/api/v1/namespaces/a/finalize', '/v1/namespaces ns=a name=a sub=finalize rest='],
  ['/api/v1/namespaces', '/v1/namespaces ns= name= sub= rest='],
  [
    '/apis/apps/v1/namespaces/a/deployments/d/scale',
    'apps/v1/deployments ns=a name=d sub=scale rest=',
  ],
  ['/api/v1/nodes/n/proxy/stats/summary', '/v1/nodes ns= name=n sub=proxy rest=/stats/summary'],
  ['/api/v1/nodes/n/proxy', '/v1/nodes ns= name=n sub=proxy rest='],
  ['/api/v1/nodes/n/proxy/', '/v1/nodes ns= name=n sub=proxy rest=/'],
  ['/api/v1/namespaces/a/services/s:80/proxy/x/', '/v1/services ns=a name=s:80 sub=proxy rest=/x/'],
  ['/api/v1/namespaces/a/configmaps/b%2Fc', '/v1/configmaps ns=a name=b/c sub= rest='],
]

t.test('takes the paths of the API apart', (t) => {
  for (const [path, wanted] of rows) {
    const info = parsePath(path)
    if (!info.isResource) {
      t.fail(path)
      continue
    }
    const { group, version, resource, namespace, name, subresource } = info.path
    const found = `${group}/${version}/${resource} ns=${namespace} name=${name} sub=${subresource} rest=${info.rest}`
    t.equal(found, wanted, path)
  }
  t.end()
})

t.test('knows what is no resource', (t) => {
  for (const path of ['/', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/healthz']) {
    t.notOk(parsePath(path).isResource, path)
  }
  t.end()
})

t.test('knows the old way of asking for a watch', (t) => {
  const info = parsePath('/api/v1/watch/namespaces/a/pods')
  t.match(info, { isResource: true, isWatchPath: true, path: { namespace: 'a', resource: 'pods' } })
  t.end()
})
