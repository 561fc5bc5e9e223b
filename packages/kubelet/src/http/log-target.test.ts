import t from 'tap'
import { logTarget } from './log-target.ts'
import { requestAttributes } from './request-attributes.ts'

const statusOf = (state: object, lastState: object = {}) => ({
  containerStatuses: [
    {
      name: 'c',
      image: '',
      imageID: '',
      ready: false,
      restartCount: 0,
      containerID: 'kemu://now',
      state,
      lastState,
    },
  ],
})
const last = { terminated: { exitCode: 1, containerID: 'kemu://last' } }

t.test('the running container, else the last one, else the reason why there is none', async (t) => {
  const of = (status: object, previous = false) => logTarget('p', status, 'c', previous)
  t.equal(of(statusOf({ running: {} })), 'now')
  t.equal(of(statusOf({ running: {} }, last), true), 'last')
  t.equal(of(statusOf({ waiting: { reason: 'CrashLoopBackOff' } }, last)), 'last')
  const why = (status: object, previous = false) => {
    try {
      return of(status, previous)
    } catch (error) {
      return (error as Error).message
    }
  }
  t.equal(
    why(statusOf({ waiting: { reason: 'ContainerCreating' } })),
    'container "c" in pod "p" is waiting to start: ContainerCreating',
  )
  t.equal(
    why(statusOf({ waiting: { reason: 'ImagePullBackOff' } })),
    'container "c" in pod "p" is waiting to start: trying and failing to pull image',
  )
  t.equal(
    why(statusOf({ running: {} }), true),
    'previous terminated container "c" in pod "p" not found',
  )
  t.equal(why({}), 'container "c" in pod "p" is not available')
})

t.test('requests ask for the finest permission first', async (t) => {
  const of = (path: string, method = 'GET') => requestAttributes(method, path)
  t.same(of('/pods'), { verb: 'get', subresources: ['pods', 'proxy'] })
  t.same(of('/exec/a/b/c', 'POST'), { verb: 'create', subresources: ['proxy'] })
  t.same(of('/metrics/resource'), { verb: 'get', subresources: ['metrics'] })
  t.same(of('/stats/summary'), { verb: 'get', subresources: ['stats'] })
  t.same(of('/logs/x'), { verb: 'get', subresources: ['log'] })
  t.same(of('/podsx'), { verb: 'get', subresources: ['proxy'] })
})
