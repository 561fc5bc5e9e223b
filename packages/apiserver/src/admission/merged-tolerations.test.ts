import t from 'tap'
import { mergedTolerations } from './merged-tolerations.ts'

const exists = { key: 'a', operator: 'Exists' }

t.test('an equal toleration is kept once, the first one', (t) => {
  t.same(mergedTolerations([exists, { key: 'b', operator: 'Exists' }], [exists]), [
    exists,
    { key: 'b', operator: 'Exists' },
  ])
  t.end()
})

t.test('one that covers another replaces it, wherever it stands', (t) => {
  const narrow = { key: 'a', operator: 'Equal', value: 'x' }
  t.same(mergedTolerations([narrow], [exists]), [exists])
  t.same(mergedTolerations([exists], [narrow]), [exists])
  t.same(mergedTolerations([narrow], [{ operator: 'Exists' }]), [{ operator: 'Exists' }])
  t.end()
})

t.test('a shorter time does not cover a longer one', (t) => {
  const short = { ...exists, effect: 'NoExecute', tolerationSeconds: 5 }
  const long = { ...short, tolerationSeconds: 300 }
  t.same(mergedTolerations([short], [long]), [long])
  t.same(mergedTolerations([short], [exists]), [exists])
  t.end()
})
