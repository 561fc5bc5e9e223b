import type { Lifecycle, LifecycleHandler, PodSpec, Probe } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkHttpHeaderName } from '../../validation/value-rules.ts'
import { checked, nonNegative, requiredIfEmpty } from '../rules/checked.ts'
import { validatePortReference } from '../rules/port.ts'
import { linuxSignals, windowsSignals } from './stop-signals.ts'

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> &
  Pick<LifecycleHandler, 'sleep'>
export type PodPart = Pick<PodSpec, 'os' | 'terminationGracePeriodSeconds'>

const httpSchemes = ['HTTP', 'HTTPS']

/** The three probes of a container; each kind has a rule of its own. */
export function validateProbes(
  probes: { livenessProbe?: Probe; readinessProbe?: Probe; startupProbe?: Probe },
  path: FieldPath,
): FieldError[] {
  return (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).flatMap((name) => {
    const probe = probes[name]
    if (!probe) return []
    const at = path.child(name)
    const errors = validateProbe(probe, at)
    if (name !== 'readinessProbe' && probe.successThreshold !== 1)
      errors.push(
        fieldInvalid(at.child('successThreshold'), probe.successThreshold ?? 0, 'must be 1'),
      )
    const grace = probe.terminationGracePeriodSeconds
    if (name === 'readinessProbe' && grace !== undefined) {
      const text = 'must not be set for readinessProbes'
      errors.push(fieldInvalid(at.child('terminationGracePeriodSeconds'), grace, text))
    }
    return errors
  })
}

function validateProbe(probe: Probe, path: FieldPath): FieldError[] {
  const grace = probe.terminationGracePeriodSeconds
  const errors = [
    ...validateHandler(probe, undefined, path),
    ...nonNegative(path, probe, [
      'initialDelaySeconds',
      'timeoutSeconds',
      'periodSeconds',
      'successThreshold',
      'failureThreshold',
    ]),
  ]
  if (grace !== undefined && grace <= 0)
    errors.push(
      fieldInvalid(path.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0'),
    )
  return errors
}

export function validateLifecycle(
  lifecycle: Lifecycle,
  pod: PodPart,
  path: FieldPath,
): FieldError[] {
  const { postStart, preStop, stopSignal } = lifecycle
  const grace = pod.terminationGracePeriodSeconds
  const errors: FieldError[] = []
  if (postStart) errors.push(...validateHandler(postStart, grace, path.child('postStart')))
  if (preStop) errors.push(...validateHandler(preStop, grace, path.child('preStop')))
  if (stopSignal !== undefined)
    errors.push(...validateStopSignal(stopSignal, pod.os?.name, path.child('stopSignal')))
  return errors
}

/** Exactly one kind of handler (validateHandler). */
function validateHandler(
  handler: Handler,
  graceSeconds: number | undefined,
  path: FieldPath,
): FieldError[] {
  const rules = {
    exec: ({ command }: NonNullable<Handler['exec']>, at: FieldPath) =>
      (command ?? []).length === 0 ? [fieldRequired(at.child('command'))] : [],
    httpGet: validateHttpGet,
    tcpSocket: ({ port }: NonNullable<Handler['tcpSocket']>, at: FieldPath) =>
      validatePortReference(at.child('port'), port),
    grpc: ({ port }: NonNullable<Handler['grpc']>, at: FieldPath) =>
      validatePortReference(at.child('port'), port),
    sleep: (sleep: NonNullable<Handler['sleep']>, at: FieldPath) =>
      validateSleep(sleep.seconds, graceSeconds, at),
  }
  let found = 0
  const errors = (Object.keys(rules) as (keyof typeof rules)[]).flatMap((name) => {
    const stated = handler[name]
    if (!stated) return []
    found += 1
    const at = path.child(name)
    if (found > 1) return [fieldForbidden(at, 'may not specify more than 1 handler type')]
    return (rules[name] as (value: typeof stated, at: FieldPath) => FieldError[])(stated, at)
  })
  return found === 0 ? [fieldRequired(path, 'must specify a handler type')] : errors
}

function validateHttpGet(action: NonNullable<Handler['httpGet']>, path: FieldPath): FieldError[] {
  const { scheme = '', httpHeaders } = action
  return [
    ...requiredIfEmpty(path.child('path'), action.path),
    ...validatePortReference(path.child('port'), action.port),
    ...(httpSchemes.includes(scheme)
      ? []
      : [fieldNotSupported(path.child('scheme'), scheme, httpSchemes)]),
    ...(httpHeaders ?? []).flatMap(({ name }) =>
      checked(path.child('httpHeaders'), name, checkHttpHeaderName),
    ),
  ]
}

function validateSleep(
  seconds: number,
  graceSeconds: number | undefined,
  path: FieldPath,
): FieldError[] {
  if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return []
  const text = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`
  return [fieldInvalid(path, seconds, text)]
}

function validateStopSignal(signal: string, os: string | undefined, path: FieldPath): FieldError[] {
  if (os === undefined)
    return [fieldForbidden(path, 'may not be set for containers with empty `spec.os.name`')]
  const supported = os === 'windows' ? windowsSignals : linuxSignals
  return supported.includes(signal) ? [] : [fieldNotSupported(path, signal, supported)]
}
