import type { Plan } from './plan.ts'
import { runPlan } from './simulation.ts'
import type { ScheduleOptions, ScheduleResult } from './simulation.ts'

/** What could be left out of a plan, largest pieces first. */
type Cut = (plan: Plan) => Plan[]

const cuts: readonly Cut[] = [leaveOutFaults, leaveOutClients, halveRounds]

/**
 * Leaves out faults, clients and operations as long as the same promise is still broken, with at most `runsMax` runs.
 * Returns the result of the smallest plan that was found.
 */
export async function shrink(
  failed: ScheduleResult,
  options: ScheduleOptions,
  runsMax = 60,
): Promise<ScheduleResult> {
  const property = failed.violations[0]?.property
  let smallest = failed
  let runs = 0
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false
    for (const candidate of cuts.flatMap((cut) => cut(smallest.plan))) {
      if (runs >= runsMax) return smallest
      runs += 1
      const result = await runPlan(candidate, options)
      if (result.violations[0]?.property !== property) continue
      smallest = result
      isSmaller = true
      break
    }
  }
  return smallest
}

/** Halves, quarters ... and single faults. */
function leaveOutFaults(plan: Plan): Plan[] {
  const { faults } = plan
  const plans: Plan[] = []
  for (let size = Math.ceil(faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < faults.length; from += size) {
      plans.push({ ...plan, faults: faults.filter((_, i) => i < from || i >= from + size) })
    }
  }
  return plans
}

function leaveOutClients(plan: Plan): Plan[] {
  return plan.clients.map((left) => ({
    ...plan,
    clients: plan.clients.filter((client) => client !== left),
  }))
}

function halveRounds(plan: Plan): Plan[] {
  const halved = plan.clients.map((client) => ({
    ...client,
    rounds: Math.max(1, Math.floor(client.rounds / 2)),
  }))
  if (plan.clients.every(({ rounds }) => rounds === 1)) return []
  const each = plan.clients.flatMap((client, at) =>
    client.rounds === 1
      ? []
      : [{ ...plan, clients: plan.clients.map((other, i) => (i === at ? halved[i]! : other)) }],
  )
  return [{ ...plan, clients: halved }, ...each]
}
