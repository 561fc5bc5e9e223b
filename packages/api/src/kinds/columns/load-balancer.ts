interface LoadBalancerStatus {
  readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[]
}

/** The addresses, or names where there is no address, each once and sorted. */
export function loadBalancerAddresses(status: LoadBalancerStatus | undefined): string[] {
  const found = (status?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...new Set(found)].filter((address) => address !== '').sort()
}
