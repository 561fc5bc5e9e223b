import { flowSchemas, priorityLevelConfigurations } from '@kemu/api'
import type { FlowSchema, PriorityLevelConfiguration } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { ResourceCache } from '../cache/resource-cache.ts'
import type { Catalog } from '../registry/catalog.ts'
import type { UserInfo } from '../request/user-info.ts'
import { planFlowControl } from './flow-plan.ts'
import type { DanglingChange, FlowPlan, SchemaPlan } from './flow-plan.ts'
import { matchesSchema, namespaceOf } from './schema-matching.ts'
import type { FlowRequest } from './schema-matching.ts'
import { Seats } from './seats.ts'

/** Of which flow a request is. */
export interface Classification {
  readonly schema: SchemaPlan
  /** Schema and distinguisher: requests of one flow wait for each other. */
  readonly flow: string
}

/** Keeps the configuration of flow control as the objects have it, and says in them what is dangling. */
export class FlowController {
  readonly seats: Seats
  readonly #schemas: ResourceCache
  readonly #levels: ResourceCache
  readonly #seatCount: number
  #plan: FlowPlan

  constructor(catalog: Catalog, clock: Clock, seatCount: number) {
    this.#schemas = catalog.storeOf(flowSchemas).cache
    this.#levels = catalog.storeOf(priorityLevelConfigurations).cache
    this.#seatCount = seatCount
    this.seats = new Seats(clock)
    this.#plan = planFlowControl([], [], seatCount)
    this.seats.configure(this.#plan.levels)
    for (const cache of [this.#schemas, this.#levels]) cache.onEvent(() => this.#configure())
  }

  async ready(): Promise<void> {
    await Promise.all([this.#schemas.ready(), this.#levels.ready()])
    this.#configure()
  }

  classify(request: FlowRequest, user: UserInfo): Classification {
    const { schemas } = this.#plan
    const schema =
      schemas.find(({ spec }) => matchesSchema(spec, request, user)) ??
      schemas.find(({ name }) => name === 'catch-all')!
    return { schema, flow: `${schema.name}\0${distinguisherOf(schema, request, user)}` }
  }

  /** Conditions that do not say what is */
  get changes(): readonly DanglingChange[] {
    return this.#plan.changes
  }

  /** Called when there may be new ones. */
  onChange(changed: () => void): void {
    for (const cache of [this.#schemas, this.#levels]) cache.onEvent(changed)
  }

  #configure(): void {
    this.#plan = planFlowControl(
      this.#schemas.all().map(({ object }) => object as FlowSchema),
      this.#levels.all().map(({ object }) => object as PriorityLevelConfiguration),
      this.#seatCount,
    )
    this.seats.configure(this.#plan.levels)
  }
}

function distinguisherOf({ spec }: SchemaPlan, request: FlowRequest, user: UserInfo): string {
  switch (spec.distinguisherMethod?.type) {
    case 'ByUser':
      return user.name
    case 'ByNamespace':
      return request.type === 'resource' ? namespaceOf(request.path) : ''
    default:
      return ''
  }
}
