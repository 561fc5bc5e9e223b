import t from 'tap'
import { Ticker } from './ticker.ts'

/** Shows what was asked for last, and lets it come true. */
function oneTimer() {
  let armed: { delayMs: number; fire: () => void } | undefined
  return {
    clock: {
      setTimer(delayMs: number, fire: () => void) {
        const own = { delayMs, fire }
        armed = own
        return { cancel: () => void (armed === own && (armed = undefined)) }
      },
    },
    delayMs: () => armed?.delayMs,
    fire: () => armed!.fire(),
  }
}

t.test('time passes tick by tick, and five ticks at once while a member is alone', async (t) => {
  const { clock, delayMs, fire } = oneTimer()
  const seen: number[] = []
  const ticker = new Ticker({ clock, tickMs: 100, onTicks: (ticks) => seen.push(ticks) })
  t.equal(delayMs(), 100)
  fire()
  ticker.setCalm(true)
  t.equal(delayMs(), 500)
  fire()
  t.equal(delayMs(), 500)
  t.same(seen, [1, 5])
  ticker.stop()
  t.equal(delayMs(), undefined)
})

t.test('who joins does not wait for the end of a long pause', async (t) => {
  const { clock, delayMs } = oneTimer()
  const ticker = new Ticker({ clock, tickMs: 100, onTicks: () => t.fail('no time has passed') })
  ticker.setCalm(true)
  ticker.setCalm(false)
  t.equal(delayMs(), 100)
})

t.test('a tick longer than the pause stays what it is', async (t) => {
  const { clock, delayMs } = oneTimer()
  const ticker = new Ticker({ clock, tickMs: 1000, onTicks: () => {} })
  ticker.setCalm(true)
  t.equal(delayMs(), 1000)
})

t.test('a ticker that is stopped within its own tick stays stopped', async (t) => {
  const { clock, delayMs, fire } = oneTimer()
  const ticker = new Ticker({ clock, tickMs: 100, onTicks: () => ticker.stop() })
  fire()
  t.equal(delayMs(), undefined)
})
