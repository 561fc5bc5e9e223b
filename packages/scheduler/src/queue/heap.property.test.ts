import t from 'tap'
import fc from 'fast-check'
import { Heap } from './heap.ts'

interface Item {
  readonly key: string
  readonly rank: number
}

t.test(
  'a heap gives its items in order and finds them by key, as a sorted list does',
  async (t) => {
    const step = fc.oneof(
      fc.tuple(fc.constant('push' as const), fc.nat(30), fc.nat(9)),
      fc.tuple(fc.constant('pop' as const), fc.nat(30), fc.nat(9)),
      fc.tuple(fc.constant('delete' as const), fc.nat(30), fc.nat(9)),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const compare = (a: Item, b: Item): number => a.rank - b.rank
        const heap = new Heap<Item>((item) => item.key, compare)
        let model: Item[] = []
        for (const [action, n, rank] of steps) {
          const key = `k${n}`
          if (action === 'push') {
            if (heap.has(key)) continue
            heap.push({ key, rank })
            model.push({ key, rank })
          } else if (action === 'pop') {
            const first = heap.pop()
            const least = Math.min(...model.map((item) => item.rank))
            if (first ? first.rank !== least : model.length > 0) return false
            model = model.filter((item) => item.key !== first?.key)
          } else {
            const gone = heap.delete(key)
            if (gone?.key !== model.find((item) => item.key === key)?.key) return false
            model = model.filter((item) => item.key !== key)
          }
          if (heap.size !== model.length) return false
        }
        return model.every((item) => heap.get(item.key)?.rank === item.rank)
      }),
    )
    t.pass('all histories')
  },
)
