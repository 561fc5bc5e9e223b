import { planOf } from './plan.ts'
import { runPlan } from './simulation.ts'

const from = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 1)
const isTraced = count === 1
const tally: Record<string, number> = {}
for (let seed = from; seed < from + count; seed++) {
  const began = process.cpuUsage().user
  const result = await runPlan(planOf(seed, process.argv[5] as never), {
    isTraced,
    bug: process.argv[4] as never,
  })
  if (isTraced) console.log(result.story.join('\n'))
  const { outcome, why, statistics, plan } = result
  tally[`${outcome} ${statistics.search}`] = (tally[`${outcome} ${statistics.search}`] ?? 0) + 1
  if (outcome === 'passed' && count > 100) continue
  const ms = ((process.cpuUsage().user - began) / 1000).toFixed(0)
  console.log(
    seed,
    plan.climate,
    outcome,
    why,
    JSON.stringify(statistics, (_, v) => (v instanceof Map ? Object.fromEntries(v) : v)),
    `${ms} ms`,
  )
}
console.log(tally)
