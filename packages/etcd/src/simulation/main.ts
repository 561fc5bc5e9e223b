import { planOf } from './plan.ts'
import { runPlan } from './simulation.ts'

const from = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 1)
const isTraced = count === 1
for (let seed = from; seed < from + count; seed++) {
  const began = process.cpuUsage().user
  const result = await runPlan(planOf(seed), { isTraced })
  if (isTraced) console.log(result.story.join('\n'))
  const { outcome, why, statistics, plan } = result
  const ms = ((process.cpuUsage().user - began) / 1000).toFixed(0)
  console.log(seed, plan.climate, outcome, why, JSON.stringify(statistics, (_, v) => (v instanceof Map ? Object.fromEntries(v) : v)), `${ms} ms`)
}
