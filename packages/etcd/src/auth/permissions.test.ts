import { PermissionType } from '@kemu/rpc/etcd-codec'
import type { Permission } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import { covers, isValidRange } from './permissions.ts'

const allow = (key: string, rangeEnd = '', permType: number = PermissionType.READ): Permission => ({
  key,
  rangeEnd,
  permType,
})

const cases: [name: string, granted: Permission[], key: string, end: string, expected: boolean][] =
  [
    ['nothing allows nothing', [], 'a', '', false],
    ['a key allows itself', [allow('a')], 'a', '', true],
    ['a key does not allow its neighbour', [allow('a')], 'ab', '', false],
    ['a range allows what is in it', [allow('a', 'c')], 'b', '', true],
    ['a range does not allow its end', [allow('a', 'c')], 'c', '', false],
    ['a range allows a smaller one', [allow('a', 'z')], 'b', 'd', true],
    ['a range does not allow a larger one', [allow('b', 'd')], 'a', 'z', false],
    ['two ranges that touch allow both', [allow('m', 'z'), allow('a', 'm')], 'b', 'y', true],
    ['a hole between ranges shows', [allow('a', 'm'), allow('n', 'z')], 'b', 'y', false],
    ['an open range allows to the end', [allow('a', '\0')], 'b', '\0', true],
    ['a closed range does not', [allow('a', 'z')], 'b', '\0', false],
    ['writing does not allow reading', [allow('a', '', PermissionType.WRITE)], 'a', '', false],
    ['both allows reading', [allow('a', '', PermissionType.READWRITE)], 'a', '', true],
  ]
for (const [name, granted, key, end, expected] of cases) {
  t.test(name, (t) => {
    t.equal(covers(granted, 'read', key, end), expected)
    t.end()
  })
}

t.test('a permission must be about something', (t) => {
  t.ok(isValidRange('a', ''))
  t.ok(isValidRange('\0', '\0'))
  t.notOk(isValidRange('', '\0'))
  t.ok(isValidRange('a', 'b'))
  t.notOk(isValidRange('', ''))
  t.notOk(isValidRange('b', 'a'))
  t.end()
})
