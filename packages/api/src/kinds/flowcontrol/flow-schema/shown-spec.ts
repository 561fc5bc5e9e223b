import type { FlowSchemaSpec, FlowcontrolSubject } from '../../../generated/types.ts'

/** Messages show the server's own type. */
export function shownFlowSchemaSpec(spec: FlowSchemaSpec): unknown {
  return {
    PriorityLevelConfiguration: { Name: spec.priorityLevelConfiguration.name },
    MatchingPrecedence: spec.matchingPrecedence ?? 0,
    DistinguisherMethod: spec.distinguisherMethod ? { Type: spec.distinguisherMethod.type } : null,
    Rules:
      spec.rules?.map(({ subjects, resourceRules, nonResourceRules }) => ({
        Subjects: subjects?.map(shownSubject) ?? null,
        ResourceRules:
          resourceRules?.map((rule) => ({
            Verbs: rule.verbs ?? null,
            APIGroups: rule.apiGroups ?? null,
            Resources: rule.resources ?? null,
            ClusterScope: rule.clusterScope ?? false,
            Namespaces: rule.namespaces ?? null,
          })) ?? null,
        NonResourceRules:
          nonResourceRules?.map((rule) => ({
            Verbs: rule.verbs ?? null,
            NonResourceURLs: rule.nonResourceURLs ?? null,
          })) ?? null,
      })) ?? null,
  }
}

function shownSubject({ kind, user, group, serviceAccount }: FlowcontrolSubject): unknown {
  return {
    Kind: kind,
    User: user ? { Name: user.name } : null,
    Group: group ? { Name: group.name } : null,
    ServiceAccount: serviceAccount
      ? { Namespace: serviceAccount.namespace, Name: serviceAccount.name }
      : null,
  }
}
