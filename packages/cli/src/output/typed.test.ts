import t from 'tap'
import { typed } from './typed.ts'

t.test('a command is told as it was called: through npx, or by itself', async (t) => {
  const before = process.env['npm_command']
  t.teardown(() => {
    if (before === undefined) delete process.env['npm_command']
    else process.env['npm_command'] = before
  })
  process.env['npm_command'] = 'exec'
  t.equal(typed('up'), 'npx kemu up')
  delete process.env['npm_command']
  t.equal(typed('up'), 'kemu up')
})

t.test('only a cluster with a name of its own is named', async (t) => {
  t.match(typed('logs etcd', 'two'), /kemu logs etcd --name two$/)
  t.match(typed('logs etcd', 'kemu'), /kemu logs etcd$/)
})
