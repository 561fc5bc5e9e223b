import type { ObjectMeta, PodSpec, SeccompProfile } from '../../generated/types.ts'
import { goQuote } from '../../go-text.ts'
import { containersOf } from '../../pod/containers.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldForbidden, fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateDescendingPath } from '../rules/local-path.ts'
import { mirrorAnnotation } from './claims-validation.ts'

type Annotations = ObjectMeta['annotations']

export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/'
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'

/** Annotations that mean something (ValidatePodSpecificAnnotations). */
export function validatePodAnnotations(
  annotations: Annotations,
  spec: PodSpec,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const mirror = annotations?.[mirrorAnnotation]
  if (mirror !== undefined && !spec.nodeName) {
    const text = 'must set spec.nodeName if mirror pod annotation is set'
    errors.push(fieldInvalid(path.key(mirrorAnnotation), mirror, text))
  }
  const cost = annotations?.[deletionCost]
  if (cost !== undefined && !isInt32(cost))
    errors.push(fieldInvalid(path.key(deletionCost), cost, 'must be a 32bit integer'))
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (key === seccompPod || key.startsWith(seccompContainer))
      errors.push(...validateSeccompName(value, path.child(key)))
    if (key.startsWith(appArmorPrefix))
      errors.push(...validateAppArmor(key.slice(appArmorPrefix.length), value, spec, path.key(key)))
  }
  return errors
}

/** helper.ValidPodDeletionCost: an int32 without sign tricks or leading zeros. */
function isInt32(text: string): boolean {
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return false
  const value = Number(text)
  return value >= -2_147_483_648 && value <= 2_147_483_647
}

function validateSeccompName(profile: string, path: FieldPath): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return []
  if (profile.startsWith('localhost/'))
    return validateDescendingPath(path, profile.slice('localhost/'.length))
  return [fieldInvalid(path, profile, 'must be a valid seccomp profile')]
}

function validateAppArmor(
  container: string,
  profile: string,
  spec: PodSpec,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (![...containersOf(spec)].some((c) => c.container.name === container))
    errors.push(fieldInvalid(path, container, 'container not found'))
  const known = ['', 'runtime/default', 'unconfined'].includes(profile)
  if (!known && !profile.startsWith('localhost/')) {
    const text = `invalid AppArmor profile name: ${goQuote(profile)}`
    errors.push(fieldInvalid(path, profile, text))
  }
  return errors
}

/** Old annotations and the fields that replaced them may not say different things. */
export function validateAnnotationsMatchFields(
  annotations: Annotations,
  spec: PodSpec,
  path: FieldPath,
): FieldError[] {
  const context = spec.securityContext
  const podPath = path.child('securityContext', 'seccompProfile')
  const seccomp = matchProfile(
    annotations?.[seccompPod],
    context?.seccompProfile,
    podPath,
    'seccomp',
  )
  const appArmor: FieldError[] = []
  for (const { container, list, index } of containersOf(spec)) {
    const at = path.child(list).index(index).child('securityContext')
    const { seccompProfile, appArmorProfile } = container.securityContext ?? {}
    seccomp.push(
      ...matchProfile(
        annotations?.[`${seccompContainer}${container.name}`],
        seccompProfile,
        at.child('seccompProfile'),
        'seccomp',
      ),
    )
    appArmor.push(
      ...matchProfile(
        annotations?.[`${appArmorPrefix}${container.name}`],
        appArmorProfile ?? context?.appArmorProfile,
        at.child('appArmorProfile'),
        'apparmor',
      ),
    )
  }
  return spec.os?.name === 'windows' ? seccomp : [...seccomp, ...appArmor]
}

function matchProfile(
  annotation: string | undefined,
  profile: SeccompProfile | undefined,
  path: FieldPath,
  word: 'seccomp' | 'apparmor',
): FieldError[] {
  if (annotation === undefined || !profile) return []
  const typeText = `${word} type in annotation and field must match`
  const wrongType = [fieldForbidden(path.child('type'), typeText)]
  switch (profile.type) {
    case 'Unconfined':
      return annotation === 'unconfined' ? [] : wrongType
    case 'RuntimeDefault': {
      const docker = word === 'seccomp' && annotation === 'docker/default'
      return annotation === 'runtime/default' || docker ? [] : wrongType
    }
    case 'Localhost': {
      if (!annotation.startsWith('localhost/')) return wrongType
      if (annotation.slice('localhost/'.length) === profile.localhostProfile) return []
      const text = `${word} profile in annotation and field must match`
      return [fieldForbidden(path.child('localhostProfile'), text)]
    }
    default:
      return []
  }
}

/** What may not come, go or change once the pod exists. */
export function validateAnnotationUpdates(
  annotations: Annotations = {},
  old: Annotations = {},
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const judge = (key: string, verb: string): void => {
    if (key.startsWith(appArmorPrefix))
      errors.push(fieldForbidden(path.key(key), `may not ${verb} AppArmor annotations`))
    if (key === mirrorAnnotation)
      errors.push(fieldForbidden(path.key(key), `may not ${verb} mirror pod annotation`))
  }
  for (const [key, value] of Object.entries(old))
    if (annotations[key] !== value) judge(key, 'remove or update')
  for (const key of Object.keys(annotations)) if (!(key in old)) judge(key, 'add')
  return errors
}
