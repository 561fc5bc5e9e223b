import type { Service } from '../../../generated/types.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { warningsForCidr, warningsForIp } from '../../../validation/ip.ts'

const path = fieldPath('spec')

/** api/service GetWarningsForService */
export function serviceWarnings({ spec, metadata }: Service): string[] {
  const { clusterIP, clusterIPs = [], externalIPs = [], loadBalancerIP = '' } = spec
  const headless = spec.type === 'ClusterIP' && clusterIP === 'None'
  const isName = spec.type === 'ExternalName'
  const warnings: string[] = []
  if (metadata.annotations?.['service.kubernetes.io/topology-aware-hints'] !== undefined)
    warnings.push(
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, ' +
        'please use service.kubernetes.io/topology-mode instead',
    )
  if (clusterIP && !headless)
    warnings.push(
      ...clusterIPs.flatMap((ip, i) => warningsForIp(path.child('clusterIPs').index(i), ip)),
    )
  if (headless) warnings.push(...headlessWarnings(spec))
  warnings.push(
    ...externalIPs.flatMap((ip, i) => warningsForIp(path.child('externalIPs').index(i), ip)),
  )
  if (externalIPs.length > 0 && !headless && !isName)
    warnings.push(
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    )
  if (loadBalancerIP !== '')
    warnings.push(...warningsForIp(path.child('loadBalancerIP'), loadBalancerIP))
  return [...warnings, ...rangeWarnings(spec), ...typeWarnings(spec)]
}

function headlessWarnings(spec: Service['spec']): string[] {
  const ignored = [
    ...(spec.loadBalancerIP ? ['loadBalancerIP'] : []),
    ...((spec.externalIPs ?? []).length > 0 ? ['externalIPs'] : []),
    ...(spec.sessionAffinity === 'None' ? [] : ['SessionAffinity']),
  ]
  return ignored.map((field) => `spec.${field} is ignored for headless services`)
}

function rangeWarnings({ loadBalancerSourceRanges }: Service['spec']): string[] {
  return (loadBalancerSourceRanges ?? []).flatMap((range, i) =>
    warningsForCidr(path.child('loadBalancerSourceRanges').index(i), range),
  )
}

function typeWarnings(spec: Service['spec']): string[] {
  const isName = spec.type === 'ExternalName'
  const warnings: string[] = []
  if (isName && (spec.externalIPs ?? []).length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (!isName && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}
