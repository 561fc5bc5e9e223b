import type { LimitRange } from '../../../generated/types.ts'
import { limitRanges } from '../../../resources.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { setLimitDefaults } from './defaults.ts'
import { validateLimitRange } from './validation.ts'

export const limitRange = defineKind<LimitRange>({
  type: limitRanges,
  shortNames: ['limits'],
  strategy: {
    allowCreateOnUpdate: true,
    setDefaults: setLimitDefaults,
    validate: validateLimitRange,
  },
})
