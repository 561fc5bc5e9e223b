import type { PodTemplateSpec } from '../../generated/types.ts'
import { setPodSpecDefaults } from './defaults.ts'

/** A template's pods get the rest of the defaults when they are made. */
export function setTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (!template) return
  template.spec ??= { containers: [] }
  setPodSpecDefaults(template.spec)
}
