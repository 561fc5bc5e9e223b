/** `runtime://id`, as API objects name containers. */
export function formatContainerId(runtimeName: string, id: string): string {
  return `${runtimeName}://${id}`
}

/** The runtime's own id. */
export function parseContainerId(containerId: string): string {
  const at = containerId.indexOf('://')
  return at < 0 ? containerId : containerId.slice(at + 3)
}
