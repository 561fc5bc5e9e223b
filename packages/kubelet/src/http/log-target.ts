import type { ContainerStatus, PodStatus } from '@kemu/api'
import { parseContainerId } from '../status/container-id.ts'
import { HttpError } from './http-error.ts'

/** The id of the container whose log is meant; refused in upstream's words when there is none. */
export function logTarget(
  podName: string,
  status: PodStatus,
  containerName: string,
  previous: boolean,
): string {
  const all = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ]
  const found = all.find(({ name }) => name === containerName)
  const container = `container "${containerName}" in pod "${podName}"`
  if (!found) throw new HttpError(400, `${container} is not available`)
  const last = found.lastState?.terminated?.containerID
  if (previous) {
    if (!last) throw new HttpError(400, `previous terminated ${container} not found`)
    return parseContainerId(last)
  }
  return parseContainerId(currentId(found, last, container))
}

function currentId(
  { state = {}, containerID, lastState }: ContainerStatus,
  last: string | undefined,
  container: string,
): string {
  const refuse = (why: string): never => {
    throw new HttpError(400, `${container} is ${why}`)
  }
  if (state.running) return containerID ?? ''
  if (state.terminated) return state.terminated.containerID || last || refuse('terminated')
  if (lastState?.terminated) return last ?? refuse('terminated')
  switch (state.waiting?.reason) {
    case undefined:
      return refuse('waiting to start - no logs yet')
    case 'ErrImagePull':
      return refuse("waiting to start: image can't be pulled")
    case 'ImagePullBackOff':
      return refuse('waiting to start: trying and failing to pull image')
    default:
      return refuse(`waiting to start: ${state.waiting!.reason}`)
  }
}
