import t from 'tap'
import {
  checkDns1123Label,
  checkLabelValue,
  checkPortName,
  checkQualifiedName,
  fieldInvalid,
  fieldNotSupported,
  fieldPath,
  fieldRequired,
  fieldTooMany,
  formatCidr,
  formatIp,
  nameIsDnsSubdomain,
  parseCidr,
  parseIp,
  validateCanonicalIp,
  validateCidr,
  validateConditions,
  validateDeleteOptions,
  validateFieldManager,
  validateIp,
  validateLabelSelector,
  validateObjectMeta,
  validateObjectMetaUpdate,
  validatePatchOptions,
  warningsForCidr,
} from './index.ts'
import type { FieldError } from './index.ts'

const show = (errors: FieldError[]): string[] => errors.map((e) => `${e.field}: ${e.detail}`)

t.test('shows values in messages as Go does', async (t) => {
  const path = fieldPath('spec', 'template').child('items').index(2).key('a')
  t.equal(path.toString(), 'spec.template.items[2][a]')
  t.equal(fieldInvalid(path, 'a"\u0001<é', 'no').detail, String.raw`Invalid value: "a\"\x01<é": no`)
  t.equal(
    fieldInvalid(path, { a: '<' }, 'no').detail,
    String.raw`Invalid value: {"a":"\u003c"}: no`,
  )
  t.equal(fieldInvalid(path, -1, 'no').detail, 'Invalid value: -1: no')
  t.equal(fieldRequired(path).detail, 'Required value')
  t.equal(
    fieldNotSupported(path, 'x', ['a', 'b']).detail,
    'Unsupported value: "x": supported values: "a", "b"',
  )
  t.equal(fieldTooMany(path, 3, 1).detail, 'Too many: 3: must have at most 1 item')
})

t.test('tells what is wrong with a name', async (t) => {
  t.same(checkDns1123Label('a-1'), [])
  t.same(checkDns1123Label('a.b'), ['must not contain dots'])
  t.same(checkDns1123Label('A'.repeat(64)), [
    'must be no more than 63 characters',
    `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
  ])
  t.same(nameIsDnsSubdomain('web-', true), [])
  t.match(nameIsDnsSubdomain('web-', false), [/RFC 1123 subdomain/])
  t.same(checkQualifiedName('example.com/role'), [])
  t.match(checkQualifiedName('a/b/c'), [/optional DNS subdomain prefix/])
  t.match(checkQualifiedName('/b'), ['prefix part must be non-empty'])
  t.same(checkLabelValue(''), [])
  t.equal(checkLabelValue('a'.repeat(64))[0], 'must be no more than 63 bytes')
  t.same(checkPortName('http--2'), ['must not contain consecutive hyphens'])
})

t.test('checks metadata field by field', async (t) => {
  const rules = { namespaced: true, name: nameIsDnsSubdomain }
  t.same(validateObjectMeta({ name: 'web', namespace: 'default' }, rules), [])
  t.same(show(validateObjectMeta({}, rules)), [
    'metadata.name: Required value: name or generateName is required',
    'metadata.namespace: Required value',
  ])
  const bad = { name: 'a', namespace: 'x', finalizers: ['a b'], annotations: { 'a b': '' } }
  t.same(
    validateObjectMeta(bad, rules).map(({ field }) => field),
    ['metadata.annotations', 'metadata.finalizers', 'metadata.finalizers[0]'],
  )
  t.same(show(validateObjectMeta(bad, { ...rules, namespaced: false }).slice(0, 1)), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ])
  const large = { name: 'a', annotations: { a: 'x'.repeat(256 * 1024) } }
  t.same(show(validateObjectMeta(large, { ...rules, namespaced: false })), [
    'metadata.annotations: Too long: may not be more than 262144 bytes',
  ])
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: '1', controller: true }
  const owned = { name: 'a', namespace: 'x', ownerReferences: [owner, { ...owner, name: 'b' }] }
  t.match(show(validateObjectMeta(owned, rules)), [
    /Only one reference can have Controller set to true. Found "true" in references for Pod\/a and Pod\/b$/,
  ])
})

t.test('keeps what may not change', async (t) => {
  const old = {
    name: 'a',
    uid: '1',
    deletionTimestamp: '2026-01-01T00:00:00Z',
    finalizers: ['x/y'],
  }
  t.same(validateObjectMetaUpdate({ ...old, resourceVersion: '5' }, old), [])
  t.same(show(validateObjectMetaUpdate({ ...old, uid: '2', finalizers: ['x/y', 'x/z'] }, old)), [
    `metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/z"}`,
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    'metadata.uid: Invalid value: "2": field is immutable',
  ])
})

t.test('checks selectors, conditions and the options of requests', async (t) => {
  const path = fieldPath('spec', 'selector')
  t.same(validateLabelSelector(undefined, path), [])
  t.same(
    show(
      validateLabelSelector(
        {
          matchExpressions: [
            { key: 'a', operator: 'In' },
            { key: 'b', operator: 'Near' },
          ],
        },
        path,
      ),
    ),
    [
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.selector.matchExpressions[1].operator: Invalid value: "Near": not a valid selector operator',
    ],
  )
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Ok',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  t.same(validateConditions([condition], fieldPath('status', 'conditions')), [])
  t.same(show(validateConditions([condition, { ...condition, status: 'yes' }], fieldPath('c'))), [
    'c[1].type: Duplicate value: "Ready"',
    'c[1].status: Unsupported value: "yes": supported values: "False", "True", "Unknown"',
  ])
  t.same(show(validateDeleteOptions({ propagationPolicy: 'Now', dryRun: ['Some'] })), [
    'propagationPolicy: Unsupported value: "Now": supported values: "Foreground", "Background", "Orphan", "nil"',
    'dryRun: Unsupported value: ["Some"]: supported values: "All"',
  ])
  t.same(show(validatePatchOptions({}, true)), [
    'fieldManager: Required value: is required for apply patch',
  ])
  t.same(show(validateFieldManager('a\n', fieldPath('fieldManager'))), [
    String.raw`fieldManager: Invalid value: "a\n": invalid character U+000A (at position 1)`,
  ])
})

t.test('reads addresses in every notation', async (t) => {
  const path = fieldPath('ip')
  for (const [text, canonical] of [
    ['10.0.0.1', '10.0.0.1'],
    ['010.0.0.1', '10.0.0.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::', '::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
  ] as const)
    t.equal(formatIp(parseIp(text)!), canonical, text)
  for (const text of ['', '1.2.3', '256.0.0.1', ':::', '1:2:3:4:5:6:7:8:9', 'a.b.c.d', '1::2::3'])
    t.equal(parseIp(text), undefined, text)
  t.equal(formatCidr(parseCidr('10.1.2.3/12')!), '10.0.0.0/12')
  t.equal(parseCidr('10.0.0.0/33'), undefined)
  t.same(show(validateIp(path, '010.0.0.1')), [
    'ip: Invalid value: "010.0.0.1": must not have leading 0s',
  ])
  t.same(validateIp(path, '010.0.0.1', true), [])
  t.same(show(validateCanonicalIp(path, '2001:DB8::1')), [
    'ip: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
  ])
  t.same(show(validateCidr(path, '10.1.2.3/8')), [
    'ip: Invalid value: "10.1.2.3/8": must not have bits set beyond the prefix length',
  ])
  t.same(warningsForCidr(path, '10.1.2.3/8'), [
    'ip: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
  ])
})
