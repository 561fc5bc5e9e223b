import type { Container, Pod } from '@kemu/api'
import type { Message } from '@kemu/rpc'
import type { ContainerConfig, Mount, Signal } from '@kemu/rpc/cri'
import { NodePaths } from '../config/node-paths.ts'
import { containerHash } from '../cri/container-hash.ts'
import { containerAnnotations, containerLabels } from '../cri/cri-labels.ts'
import { expand } from '../env/expansion.ts'
import { linuxResources } from './linux-resources.ts'
import { containerSecurityContext } from './security-context.ts'
import type { ImageUser } from './security-context.ts'

export interface ContainerConfigInputs {
  readonly pod: Pod
  readonly container: Container
  readonly restartCount: number
  readonly image: { readonly ref: string; readonly user: ImageUser }
  readonly environment: ReadonlyMap<string, string>
  readonly mounts: readonly Message<Mount>[]
  /** The container whose processes an ephemeral one shall see. */
  readonly targetId: string | undefined
  readonly nodeMemoryBytes: number
}

/** What a runtime is told of a container (generateContainerConfig). Pure. */
export function containerConfig(inputs: ContainerConfigInputs): Message<ContainerConfig> {
  const { pod, container, restartCount, image, environment } = inputs
  const words = (list: readonly string[] = []): string[] =>
    list.map((word) => expand(word, environment))
  const { stopSignal } = container.lifecycle ?? {}
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: image.ref, userSpecifiedImage: container.image ?? '' },
    command: words(container.command),
    args: words(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...environment].map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: [...inputs.mounts],
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, restartCount, containerHash(container)),
    logPath: NodePaths.containerLog(container.name, restartCount),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: linuxResources(pod, container, inputs.nodeMemoryBytes),
      securityContext: containerSecurityContext(pod, container, image.user, inputs.targetId),
    },
    ...(stopSignal && { stopSignal: stopSignal as Signal }),
  }
}
