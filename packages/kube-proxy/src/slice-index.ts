import type { EndpointSlice } from '@kemu/api'

/** The index by which an informer of endpoint slices finds those of a service, and its label. */
export const byService = 'service'
const serviceNameLabel = 'kubernetes.io/service-name'

/** `namespace/name` of the service that a slice belongs to; undefined for a slice without the label. */
export function serviceOfSlice({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[serviceNameLabel]
  return name ? `${metadata.namespace}/${name}` : undefined
}
