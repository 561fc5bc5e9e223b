import type { Strategy, SubresourceDefinition } from '@kemu/api/kinds'
import type { UpdateRules } from './object-updater.ts'

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
