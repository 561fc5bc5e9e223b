import type {
  Affinity,
  NodeSelectorTerm,
  ObjectMeta,
  PodAffinityTerm,
  PodSpec,
  Volume,
} from '../../generated/types.ts'
import { goQuote } from '../../go-text.ts'
import { containersOf } from '../../pod/containers.ts'
import { Quantity } from '../../quantity.ts'
import { fieldPath } from '../../validation/field-path.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { warningsForIp } from '../../validation/ip.ts'
import { checkLabelValue } from '../../validation/name-rules.ts'
import { envWarnings, portWarnings } from './container-warnings.ts'
import { volumePathWarnings } from './volume-path-warnings.ts'
import { deprecatedNodeLabels } from './deprecated-node-labels.ts'

type Meta = Pick<ObjectMeta, 'annotations'>

/** `path` is of the template, or empty for a pod (api/pod warningsForPodSpecAndMeta). */
export function podSpecWarnings(spec: PodSpec, meta: Meta, path: FieldPath): string[] {
  const at = path.child('spec')
  return [
    ...nodeLabelWarnings(spec, at),
    ...spreadWarnings(spec, at),
    ...annotationWarnings(meta, path.child('metadata', 'annotations')),
    ...(spec.volumes ?? []).flatMap((volume, i) =>
      deprecatedVolumeWarnings(volume, at.child('volumes').index(i)),
    ),
    ...volumePathWarnings(spec.volumes ?? []),
    ...duplicateWarnings(spec, at),
    ...fractionWarnings(spec.overhead, at.child('overhead')),
    ...seccompWarnings(spec, meta, path),
    ...containerWarnings(spec, at),
    ...portWarnings(spec, at),
    ...podAffinityWarnings(spec.affinity, at.child('affinity')),
    ...ipWarnings(spec, at),
  ]
}

function nodeLabelWarnings({ nodeSelector, affinity }: PodSpec, path: FieldPath): string[] {
  const bySelector = Object.keys(nodeSelector ?? {}).flatMap((key) =>
    deprecatedNodeLabels[key] === undefined
      ? []
      : [`${path.child('nodeSelector').key(key).toString()}: ${deprecatedNodeLabels[key]}`],
  )
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'
  const at = path.child('affinity', 'nodeAffinity')
  const node = affinity?.nodeAffinity
  return [
    ...bySelector,
    ...(node?.[required]?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      termWarnings(term, at.child(required, 'nodeSelectorTerms').index(i), false),
    ),
    ...(node?.[preferred] ?? []).flatMap(({ preference }, i) =>
      termWarnings(preference, at.child(preferred).index(i).child('preference'), true),
    ),
  ]
}

export function termWarnings(
  term: NodeSelectorTerm,
  path: FieldPath,
  checkValues: boolean,
): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values }, i) => {
    const at = path.child('matchExpressions').index(i)
    const text = deprecatedNodeLabels[key]
    const warnings = text === undefined ? [] : [`${at.child('key').toString()}: ${key} is ${text}`]
    if (!checkValues) return warnings
    const wrong = (values ?? []).flatMap((value, j) =>
      checkLabelValue(value).map(
        (complaint) =>
          `${at.child('values').index(j).toString()}: ${value} is invalid, ${complaint}`,
      ),
    )
    return [...warnings, ...wrong]
  })
}

const nullSelector = 'a null labelSelector results in matching no pod'

function spreadWarnings({ topologySpreadConstraints }: PodSpec, path: FieldPath): string[] {
  return (topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, i) => {
    const at = path.child('topologySpreadConstraints').index(i)
    const text = deprecatedNodeLabels[topologyKey]
    return [
      ...(text === undefined
        ? []
        : [`${at.child('topologyKey').toString()}: ${topologyKey} is ${text}`]),
      ...(labelSelector ? [] : [`${at.child('labelSelector').toString()}: ${nullSelector}`]),
    ]
  })
}

const deprecatedAnnotations = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls':
    'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls':
    'non-functional in v1.11+; use the "sysctls" field instead',
}

function annotationWarnings({ annotations }: Meta, path: FieldPath): string[] {
  return Object.entries(deprecatedAnnotations)
    .filter(([key]) => annotations?.[key] !== undefined)
    .map(([key, text]) => `${path.key(key).toString()}: ${text}`)
}

const deprecatedVolumes: Partial<Record<keyof Volume, readonly [shown: string, text: string]>> = {
  photonPersistentDisk: ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  gitRepo: ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  scaleIO: ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  flocker: ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  storageos: ['storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  quobyte: ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  glusterfs: ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  cephfs: ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  rbd: ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
}

function deprecatedVolumeWarnings(volume: Volume, path: FieldPath): string[] {
  return Object.entries(deprecatedVolumes)
    .filter(([field]) => volume[field as keyof Volume] !== undefined)
    .map(([, [shown, text]]) => `${path.child(shown).toString()}: ${text}`)
}

function duplicateWarnings({ hostAliases, imagePullSecrets }: PodSpec, path: FieldPath): string[] {
  const ips = (hostAliases ?? []).map(({ ip }) => ip)
  const names = (imagePullSecrets ?? []).map(({ name = '' }) => name)
  const repeated = (values: readonly string[], list: string, field: string): string[] =>
    values.flatMap((value, i) =>
      values.indexOf(value) < i
        ? [
            `${path.child(list).index(i).child(field).toString()}: duplicate ${field} ${goQuote(value)}`,
          ]
        : [],
    )
  const empty = names.flatMap((name, i) =>
    name === ''
      ? [
          `${path.child('imagePullSecrets').index(i).child('name').toString()}: invalid empty name ""`,
        ]
      : [],
  )
  return [
    ...repeated(ips, 'hostAliases', 'ip'),
    ...repeated(names, 'imagePullSecrets', 'name'),
    ...empty,
  ]
}

/** Bytes come whole. */
function fractionWarnings(list: Record<string, string> | undefined, path: FieldPath): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) => {
    const text = list?.[name]
    if (text === undefined || Quantity.parse(text).nanos % 1_000_000_000n === 0n) return []
    const why = `fractional byte value ${goQuote(text)} is invalid, must be an integer`
    return [`${path.key(name).toString()}: ${why}`]
  })
}

function seccompWarnings(spec: PodSpec, { annotations }: Meta, path: FieldPath): string[] {
  const keys = [
    ...(spec.securityContext?.seccompProfile ? [] : ['seccomp.security.alpha.kubernetes.io/pod']),
    ...[...containersOf(spec)]
      .filter(({ container }) => !container.securityContext?.seccompProfile)
      .map(({ container }) => `container.seccomp.security.alpha.kubernetes.io/${container.name}`),
  ]
  const text = 'non-functional in v1.27+; use the "seccompProfile" field instead'
  return keys
    .filter((key) => annotations?.[key] !== undefined)
    .map((key) => `${path.child('metadata', 'annotations').key(key).toString()}: ${text}`)
}

function containerWarnings(spec: PodSpec, path: FieldPath): string[] {
  return [...containersOf(spec)].flatMap(({ container, list, index }) => {
    const at = path.child(list).index(index)
    const { limits, requests } = container.resources ?? {}
    const ofLimits = fractionWarnings(limits, at.child('resources', 'limits'))
    const ofRequests = fractionWarnings(requests, at.child('resources', 'requests'))
    return [...ofLimits, ...ofRequests, ...envWarnings(container.env ?? [], at.child('env'))]
  })
}

function podAffinityWarnings(affinity: Affinity | undefined, path: FieldPath): string[] {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'
  const judge = ({ labelSelector }: PodAffinityTerm, at: FieldPath): string[] =>
    labelSelector ? [] : [`${at.child('labelSelector').toString()}: ${nullSelector}`]
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((name) => [
    ...(affinity?.[name]?.[required] ?? []).flatMap((term, i) =>
      judge(term, path.child(name, required).index(i)),
    ),
    ...(affinity?.[name]?.[preferred] ?? []).flatMap(({ podAffinityTerm }, i) =>
      judge(podAffinityTerm, path.child(name, preferred).index(i).child('podAffinityTerm')),
    ),
  ])
}

function ipWarnings({ dnsConfig, hostAliases, ...spec }: PodSpec, path: FieldPath): string[] {
  const grace = path.child('terminationGracePeriodSeconds').toString()
  return [
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${grace}: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...(dnsConfig?.nameservers ?? []).flatMap((server, i) =>
      warningsForIp(path.child('dnsConfig', 'nameservers').index(i), server),
    ),
    ...(hostAliases ?? []).flatMap(({ ip }, i) =>
      warningsForIp(path.child('hostAliases').index(i).child('ip'), ip),
    ),
  ]
}

export const podRoot: FieldPath = fieldPath()
