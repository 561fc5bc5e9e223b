import { readFileSync } from 'node:fs'
import { describeFlags, FlagError, parseFlags } from '@kemu/base'
import type { Flags, FlagSpecs } from '@kemu/base'
import { climates, describeFault, planOf } from './plan.ts'
import type { Climate, Plan } from './plan.ts'
import { storeBugs } from './sabotage.ts'
import type { StoreBug } from './sabotage.ts'
import { shrink } from './shrink.ts'
import { runPlan } from './simulation.ts'
import type { ScheduleResult } from './simulation.ts'

const specs = {
  seed: { type: 'int', default: 1, help: 'The first seed.' },
  schedules: { type: 'int', default: 1, help: 'How many seeds, one after the other.' },
  climate: { type: 'string', help: `One of ${Object.keys(climates).join(', ')}.` },
  plan: {
    type: 'string',
    help: 'A file with a plan, as a failure prints it, instead of a seed.',
  },
  bug: { type: 'string', help: `A deliberate mistake: ${Object.keys(storeBugs).join(', ')}.` },
  story: { type: 'boolean', help: 'Tell what happened, also when all went well.' },
} as const satisfies FlagSpecs

const args = process.argv.slice(2)
const help = `Flags:\n${describeFlags(specs)}\n`
try {
  if (args.includes('--help')) process.stdout.write(help)
  else await main(parseFlags(specs, args))
} catch (error) {
  if (!(error instanceof FlagError)) throw error
  process.stderr.write(`Error: ${error.message}\n\n${help}`)
  process.exitCode = 2
}

/** `npm run sim`: schedules of the whole store, each told and shrunk when it breaks a promise. */
async function main(flags: Flags<typeof specs>): Promise<void> {
  const climate = oneOf(Object.keys(climates) as Climate[], flags.climate)
  const bug = oneOf(Object.keys(storeBugs) as StoreBug[], flags.bug)
  const plans = flags.plan
    ? [JSON.parse(readFileSync(flags.plan, 'utf8')) as Plan]
    : Array.from({ length: flags.schedules }, (_, i) => planOf(flags.seed + i, climate))
  const outcomes = new Map<string, number>()
  for (const plan of plans) {
    const result = await runPlan(plan, { bug, isTraced: flags.story ?? false })
    outcomes.set(result.outcome, (outcomes.get(result.outcome) ?? 0) + 1)
    if (flags.story) process.stdout.write(`${result.story.join('\n')}\n`)
    process.stdout.write(`${summaryOf(result)}\n`)
    if (result.outcome === 'violated') await tellSmallest(result, bug)
  }
  const tally = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
  process.stdout.write(`${tally}\n`)
  if (outcomes.has('violated')) process.exitCode = 1
}

async function tellSmallest(failed: ScheduleResult, bug: StoreBug | undefined): Promise<void> {
  const { story, plan, violations } = await shrink(failed, { bug, isTraced: true })
  const lines = [
    '',
    `The smallest plan found that breaks the same promise: ${plan.faults.length} faults, ${plan.clients.length} clients`,
    ...plan.faults.map((fault) => `  at ${fault.atMs} ms: ${describeFault(fault)}`),
    '',
    ...story,
    '',
    ...violations.map(({ property, detail }) => `BROKEN: ${property}: ${detail}`),
    '',
    `The plan, for --plan FILE: ${JSON.stringify(plan)}`,
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

function summaryOf({ plan, outcome, why, statistics }: ScheduleResult): string {
  const { answered, operations, revisions, elections, watchEvents, effects, search } = statistics
  const faults = [...effects].map(([kind, count]) => `${kind} ${count}`).join(', ') || 'no faults'
  return (
    `seed ${plan.seed} ${plan.climate}: ${outcome}${why && ` (${why})`}; ` +
    `${answered}/${operations} operations, ${revisions} revisions, ${elections} elections, ` +
    `${watchEvents} watch events, search ${search}; ${faults}`
  )
}

function oneOf<T extends string>(choices: readonly T[], chosen: string | undefined): T | undefined {
  if (chosen === undefined) return undefined
  const found = choices.find((choice) => choice === chosen)
  if (!found) throw new FlagError(`${chosen} is none of ${choices.join(', ')}`)
  return found
}
