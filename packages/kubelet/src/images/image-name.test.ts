import t from 'tap'
import { aPod } from '../testing/builders.ts'
import { withDefaultTag } from './image-name.ts'
import { pullCredentials } from './pull-credentials.ts'

t.test('a name without tag and digest means latest', async (t) => {
  t.equal(withDefaultTag('busybox'), 'busybox:latest')
  t.equal(withDefaultTag('host:5000/a/b'), 'host:5000/a/b:latest')
  t.equal(withDefaultTag('busybox:1'), 'busybox:1')
  const digest = `busybox@sha256:${'a'.repeat(64)}`
  t.equal(withDefaultTag(digest), digest)
})

t.test('what is no name is refused, capitals with their own reason', async (t) => {
  t.throws(() => withDefaultTag('Bad:1:2'), /repository name \(library\/Bad\) must be lowercase/)
  t.throws(() => withDefaultTag('r.test/team/Bad:1'), /name \(team\/Bad\) must be lowercase/)
  t.throws(() => withDefaultTag('a'.repeat(64)), /cannot specify 64-byte hexadecimal strings/)
  t.throws(() => withDefaultTag('a b'), /invalid reference format/)
  t.throws(() => withDefaultTag(''), /invalid reference format/)
})

t.test('pull secrets serve the registries that they name', async (t) => {
  const auth = Buffer.from('user:pass:word').toString('base64')
  const config = { auths: { 'r.test/team': { auth }, 'https://index.docker.io/v1/': { auth } } }
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') }
  const pod = aPod({ imagePullSecrets: [{ name: 's' }] })
  const of = (image: string) => pullCredentials(pod, image, () => ({ data }) as never)
  t.match(of('r.test/team/app:1'), [{ username: 'user', password: 'pass:word' }])
  t.same(of('r.test/teams/app:1'), [])
  t.match(of('busybox'), [{ username: 'user' }])
})
