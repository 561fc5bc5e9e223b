import type { FieldError, KubeObject } from '@kemu/api'
import type {
  RequestContext as StrategyContext,
  Strategy,
  SubresourceDefinition,
} from '@kemu/api/kinds'

/** The rules of one way of updating: the whole object, its status, or another part. */
export interface UpdateRules {
  prepareForUpdate(object: KubeObject, old: KubeObject, context: StrategyContext): void
  validateUpdate(object: KubeObject, old: KubeObject, context: StrategyContext): FieldError[]
  warnings?(object: KubeObject, old: KubeObject | undefined): string[]
  readonly allowCreateOnUpdate: boolean
  readonly allowUnconditionalUpdate: boolean
  /** A put says which object it means; a patch may not change the uid. */
  readonly uidIsPrecondition?: boolean
}

/** How the whole object is updated. */
export function rulesOfObject(strategy: Strategy): UpdateRules {
  return {
    prepareForUpdate: (object, old, context) => strategy.prepareForUpdate(object, old, context),
    validateUpdate: (object, old, context) => strategy.validateUpdate(object, old, context),
    warnings: (object, old) => strategy.warnings?.(object, old) ?? [],
    allowCreateOnUpdate: strategy.allowCreateOnUpdate,
    allowUnconditionalUpdate: strategy.allowUnconditionalUpdate,
    uidIsPrecondition: true,
  }
}

/** How its status or another part is updated. */
export function rulesOfPart(
  strategy: Strategy,
  part: Extract<SubresourceDefinition, { form: 'status' | 'part' }>,
): UpdateRules {
  return {
    prepareForUpdate: (object, old, context) => part.prepareForUpdate(object, old, context),
    validateUpdate: (object, old, context) => part.validateUpdate(object, old, context),
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: strategy.allowUnconditionalUpdate,
    uidIsPrecondition: true,
  }
}
