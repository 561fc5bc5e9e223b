import { answerOf } from '../answer.ts'
import { configMap, path } from './case.ts'
import type { Case } from './case.ts'

export const accessCases: readonly Case[] = [
  {
    name: 'refuses those who have no right, and says what they lack',
    async run({ nobody, namespace }) {
      const maps = path('configmaps', { namespace })
      return {
        list: await answerOf(nobody.list(maps)),
        get: await answerOf(nobody.get({ ...maps, name: 'one' })),
        create: await answerOf(nobody.create(maps, configMap('one'))),
        cluster: await answerOf(nobody.list(path('nodes'))),
        apps: await answerOf(
          nobody.delete(path('deployments', { group: 'apps', namespace, name: 'd' })),
        ),
        log: await answerOf(
          nobody.get(path('pods', { namespace, name: 'p', subresource: 'status' })),
        ),
      }
    },
  },
  {
    name: 'lets a role binding give rights in its namespace only',
    async run({ admin, nobody, namespace }) {
      const rbac = { group: 'rbac.authorization.k8s.io', namespace }
      const apiVersion = 'rbac.authorization.k8s.io/v1'
      await admin.create(path('roles', rbac), {
        kind: 'Role',
        apiVersion,
        metadata: { name: 'reader' },
        rules: [
          { apiGroups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: ['mine'] },
        ],
      })
      await admin.create(path('rolebindings', rbac), {
        kind: 'RoleBinding',
        apiVersion,
        metadata: { name: 'reader' },
        roleRef: { apiGroup: rbac.group, kind: 'Role', name: 'reader' },
        subjects: [{ kind: 'User', apiGroup: rbac.group, name: 'nobody' }],
      })
      const maps = path('configmaps', { namespace })
      await admin.create(maps, configMap('mine', { a: '1' }))
      const mine = { ...maps, name: 'mine' }
      let read = await answerOf(nobody.get(mine))
      // Rights arrive with the next event of a watch.
      while ('refused' in read && read.refused.code === 403) read = await answerOf(nobody.get(mine))
      return {
        read,
        other: await answerOf(nobody.get({ ...maps, name: 'yours' })),
        elsewhere: await answerOf(nobody.get({ ...mine, namespace: 'kube-system' })),
        write: await answerOf(nobody.delete(mine)),
      }
    },
  },
  {
    name: 'reviews access and identity',
    async run({ admin, nobody, namespace }) {
      const authorization = { group: 'authorization.k8s.io' }
      const apiVersion = 'authorization.k8s.io/v1'
      const ask = (user: string, verb: string): Promise<unknown> =>
        answerOf(
          admin.create(path('subjectaccessreviews', authorization), {
            kind: 'SubjectAccessReview',
            apiVersion,
            metadata: {},
            spec: { user, resourceAttributes: { verb, resource: 'pods', namespace } },
          }),
        )
      return {
        scheduler: await ask('system:kube-scheduler', 'list'),
        stranger: await ask('stranger', 'list'),
        empty: await answerOf(
          admin.create(path('subjectaccessreviews', authorization), {
            kind: 'SubjectAccessReview',
            apiVersion,
            metadata: {},
            spec: {},
          }),
        ),
        self: await answerOf(
          nobody.create(path('selfsubjectaccessreviews', authorization), {
            kind: 'SelfSubjectAccessReview',
            apiVersion,
            metadata: {},
            spec: { nonResourceAttributes: { verb: 'get', path: '/version' } },
          }),
        ),
        token: await answerOf(
          admin.create(path('tokenreviews', { group: 'authentication.k8s.io' }), {
            kind: 'TokenReview',
            apiVersion: 'authentication.k8s.io/v1',
            metadata: {},
            spec: { token: 'nonsense' },
          }),
        ),
      }
    },
  },
]
