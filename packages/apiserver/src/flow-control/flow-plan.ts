import type { FlowSchema, PriorityLevelConfiguration } from '@kemu/api'
import { compareFlowSchemas, mandatoryFlowSchemas, mandatoryPriorityLevels } from '@kemu/api/kinds'

/** What one priority level may do; numbers of requests, each takes one seat. */
export interface LevelPlan {
  readonly name: string
  readonly uid: string
  /** Its requests never wait. */
  readonly isExempt: boolean
  /** Its share of the server's seats. */
  readonly nominalSeats: number
  /** What it keeps when others borrow. */
  readonly minSeats: number
  /** What it has at most when it borrows. */
  readonly maxSeats: number
  /** Absent where those above the limit are turned away. */
  readonly queuing?: QueuingPlan
}

export interface QueuingPlan {
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

export interface SchemaPlan {
  readonly name: string
  readonly uid: string
  readonly spec: FlowSchema['spec']
  readonly level: LevelPlan
}

/** What a schema's condition Dangling shall say. */
export interface DanglingChange {
  readonly schema: string
  readonly status: 'True' | 'False'
  readonly reason: 'Found' | 'NotFound'
  readonly message: string
}

export interface FlowPlan {
  /** In the order in which they are asked; the last one takes everybody. */
  readonly schemas: readonly SchemaPlan[]
  readonly levels: readonly LevelPlan[]
  readonly changes: readonly DanglingChange[]
}

/**
 * Divides the server's seats among the priority levels, and puts the schemas in order. The mandatory ones are there
 * without their objects too (KEP-1040; apiserver util/flowcontrol, digestConfigObjects).
 */
export function planFlowControl(
  schemas: readonly FlowSchema[],
  configurations: readonly PriorityLevelConfiguration[],
  seats: number,
): FlowPlan {
  const levels = planLevels(configurations, seats)
  const own = new Set(configurations.map(({ metadata }) => metadata.name))
  const exists = ({ spec }: FlowSchema): boolean => own.has(spec.priorityLevelConfiguration.name)
  const usable = schemas.filter(exists)
  const missing = Object.entries(mandatoryFlowSchemas)
    .filter(([name]) => !usable.some(({ metadata }) => metadata.name === name))
    .map(([name, spec]) => ({ metadata: { name }, spec }) as FlowSchema)
  return {
    levels: [...levels.values()],
    schemas: [...usable, ...missing].toSorted(compareFlowSchemas).map(({ metadata, spec }) => ({
      name: metadata.name,
      uid: metadata.uid ?? '',
      spec,
      level: levels.get(spec.priorityLevelConfiguration.name)!,
    })),
    changes: schemas.flatMap((schema) => danglingChange(schema, exists(schema))),
  }
}

function planLevels(
  configurations: readonly PriorityLevelConfiguration[],
  seats: number,
): Map<string, LevelPlan> {
  const missing = Object.entries(mandatoryPriorityLevels)
    .filter(([name]) => !configurations.some(({ metadata }) => metadata.name === name))
    .map(([name, spec]) => ({ metadata: { name }, spec }) as PriorityLevelConfiguration)
  const all = [...configurations, ...missing]
  const shares = all.reduce((sum, { spec }) => sum + sharesOf(spec), 0)
  return new Map(all.map((level) => [level.metadata.name, planLevel(level, seats, shares)]))
}

function sharesOf({ limited, exempt }: PriorityLevelConfiguration['spec']): number {
  return (limited ?? exempt)?.nominalConcurrencyShares ?? 0
}

function planLevel(
  { metadata, spec }: PriorityLevelConfiguration,
  seats: number,
  shares: number,
): LevelPlan {
  const { limited, exempt } = spec
  const nominalSeats = shares === 0 ? 0 : Math.ceil((seats * sharesOf(spec)) / shares)
  const lendable = Math.round((nominalSeats * ((limited ?? exempt)?.lendablePercent ?? 0)) / 100)
  const limit = limited?.borrowingLimitPercent
  const borrowed = limit === undefined ? seats : Math.round((nominalSeats * limit) / 100)
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = limited?.limitResponse?.queuing ?? {}
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    isExempt: spec.type === 'Exempt',
    nominalSeats,
    minSeats: nominalSeats - lendable,
    maxSeats: nominalSeats + borrowed,
    ...(queues > 0 && { queuing: { queues, handSize, queueLengthLimit } }),
  }
}

function danglingChange({ metadata, spec, status }: FlowSchema, exists: boolean): DanglingChange[] {
  const { name } = spec.priorityLevelConfiguration
  const what = `This FlowSchema references the PriorityLevelConfiguration object named "${name}"`
  const change: DanglingChange = exists
    ? { schema: metadata.name, status: 'False', reason: 'Found', message: `${what} and it exists` }
    : {
        schema: metadata.name,
        status: 'True',
        reason: 'NotFound',
        message: `${what} but there is no such object`,
      }
  const old = status.conditions?.find(({ type }) => type === 'Dangling')
  const isSaid =
    old?.status === change.status && old.reason === change.reason && old.message === change.message
  return isSaid ? [] : [change]
}
