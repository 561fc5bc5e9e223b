import type { ContainerStatus, Job, Pod } from '@kemu/api'

type FailurePolicy = NonNullable<Job['spec']['podFailurePolicy']>
type Rule = FailurePolicy['rules'][number]

/** What the job's rules make of a failed pod (KEP-3329, KEP-3850). */
export interface FailureVerdict {
  /** Whether the failure counts towards the back-off limit. */
  readonly counts: boolean
  /** The whole job fails, with this message. */
  readonly failJob?: string
  readonly failIndex?: true
}

const counted: FailureVerdict = { counts: true }

/** The first rule that matches decides; no policy counts every failure. */
export function judgeFailure(policy: FailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [i, rule] of (policy?.rules ?? []).entries()) {
    const why = matchRule(rule, pod)
    if (why === undefined) continue
    switch (rule.action) {
      case 'Ignore':
        return { counts: false }
      case 'FailIndex':
        return { counts: true, failIndex: true }
      case 'FailJob':
        return { counts: true, failJob: `${why} matching FailJob rule at index ${i}` }
      default:
        return counted
    }
  }
  return counted
}

/** How the pod came to match, as the message begins. */
function matchRule({ onExitCodes, onPodConditions }: Rule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`
  if (onExitCodes) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status
    const status = [...containerStatuses, ...initContainerStatuses].find((container) =>
      matchExitCode(onExitCodes, container),
    )
    if (!status) return undefined
    return `Container ${status.name} for pod ${name} failed with exit code ${exitCodeOf(status)}`
  }
  const condition = (pod.status.conditions ?? []).find(({ type, status }) =>
    (onPodConditions ?? []).some((p) => p.type === type && (p.status ?? 'True') === status),
  )
  return condition && `Pod ${name} has condition ${condition.type}`
}

function matchExitCode(
  { containerName, operator, values }: NonNullable<Rule['onExitCodes']>,
  status: ContainerStatus,
): boolean {
  const code = exitCodeOf(status)
  if (code === 0 || (containerName !== undefined && containerName !== status.name)) return false
  return values.includes(code) === (operator === 'In')
}

/** 0 as well while it runs: neither is a failure. */
function exitCodeOf({ state }: ContainerStatus): number {
  return state?.terminated?.exitCode ?? 0
}
