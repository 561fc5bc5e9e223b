/** The parts of API objects that the tests look at. */
export interface PodObject {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly { readonly image: string }[]
  }
  readonly status: {
    readonly phase: string
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly {
      readonly ready: boolean
      readonly restartCount: number
      readonly containerID?: string
      readonly state: Readonly<Record<string, { readonly reason?: string }>>
    }[]
  }
}

export interface NodeObject {
  readonly metadata: { readonly name: string }
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[]
  }
}

export interface Listed<T> {
  readonly items: readonly T[]
}

export function isReady(pod: PodObject): boolean {
  return pod.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
}
