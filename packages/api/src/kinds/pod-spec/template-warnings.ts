import type { ObjectMeta, PodTemplateSpec } from '../../generated/types.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { containersOf } from '../../pod/containers.ts'
import { checkDns1123Label } from '../../validation/name-rules.ts'
import { appArmorPrefix } from './annotation-validation.ts'
import { podSpecWarnings } from './warnings.ts'

/** What a writer of a template is warned of (api/pod GetWarningsForPodTemplate). */
export function templateWarnings(template: PodTemplateSpec | undefined, path: FieldPath): string[] {
  if (!template?.spec) return []
  const meta = template.metadata ?? {}
  return [...podSpecWarnings(template.spec, meta, path), ...appArmorWarnings(template, path)]
}

function appArmorWarnings({ spec, metadata }: PodTemplateSpec, path: FieldPath): string[] {
  const text = 'deprecated since v1.30; use the "appArmorProfile" field instead'
  return [...containersOf(spec!)]
    .filter(({ container }) => !container.securityContext?.appArmorProfile)
    .map(({ container }) => `${appArmorPrefix}${container.name}`)
    .filter((key) => metadata?.annotations?.[key] !== undefined)
    .map((key) => `${path.child('metadata', 'annotations').key(key).toString()}: ${text}`)
}

/** A name that is no DNS label makes odd names of pods. */
export function podNameWarnings({ name }: Pick<ObjectMeta, 'name'>): string[] {
  const complaints = checkDns1123Label(name ?? '')
  if (complaints.length === 0) return []
  const text =
    'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended'
  return [`metadata.name: ${text}: [${complaints.join(' ')}]`]
}
