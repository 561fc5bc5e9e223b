import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { ResourcePath } from '../request/api-request.ts'
import type { UserInfo } from '../request/user-info.ts'

/** What a plugin may know of a request that is about to change something. */
export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly path: ResourcePath
  readonly definition: KindDefinition
  /** The new state; of a DELETE undefined. Mutating plugins change it in place. */
  readonly object: KubeObject | undefined
  /** The state before, frozen; undefined on CREATE. */
  readonly old: KubeObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly warnings: string[]
}

/**
 * One admission plugin, named as --enable-admission-plugins names it. `admit` may change the
 * object, `validate` only
 * refuses, after all changes; both refuse by throwing a StatusError.
 */
export interface AdmissionPlugin {
  readonly name: string
  admit?(attributes: AdmissionAttributes): Promise<void> | void
  validate?(attributes: AdmissionAttributes): Promise<void> | void
}

/** The plugins in upstream's order. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[]

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) await plugin.admit?.(attributes)
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) await plugin.validate?.(attributes)
  }
}
