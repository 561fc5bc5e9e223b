import { FieldSelector, parseFieldSelector } from '@kemu/api'
import type { PolicyRule } from '@kemu/api'
import { noOpinion } from '../authorizer.ts'
import type { AccessQuestion, Authorizer, Decision, ResourceQuestion } from '../authorizer.ts'
import { ruleAllows } from '../rbac/rule-matching.ts'
import type { NodeGraph } from './node-graph.ts'
import { nodeNameOf } from './node-identity.ts'
import type { ReferenceKind } from './pod-references.ts'

const allow: Decision = { decision: 'allow', reason: '' }

function refuse(reason: string): Decision {
  return { decision: 'no opinion', reason }
}

/**
 * What kubelets may do: their own node, pods bound to it, and what those pods refer to (upstream's
 * Node authorizer with
 * AuthorizeNodeWithSelectors). Other resources follow the rules of the role system:node, which
 * nobody is bound to.
 */
export class NodeAuthorizer implements Authorizer {
  readonly name = 'Node'
  readonly #graph: NodeGraph
  readonly #rules: readonly PolicyRule[]

  constructor(graph: NodeGraph, rules: readonly PolicyRule[]) {
    this.#graph = graph
    this.#rules = rules
  }

  decide(question: AccessQuestion): Decision {
    const node = nodeNameOf(question.user)
    if (node === undefined) return noOpinion
    if (node === '') return refuse(`unknown node for user ${JSON.stringify(question.user.name)}`)
    const special = question.type === 'resource' ? this.#subdivided(node, question) : undefined
    if (special) return special
    return this.#rules.some((rule) => ruleAllows(rule, question)) ? allow : noOpinion
  }

  /** Resources to which access is finer than by rule; undefined for the others. */
  #subdivided(node: string, question: ResourceQuestion): Decision | undefined {
    const { group, resource } = question.path
    switch (`${resource}.${group}`) {
      case 'secrets.':
        return this.#readNamed(node, 'secret', question)
      case 'configmaps.':
        return this.#readNamed(node, 'configMap', question)
      case 'persistentvolumeclaims.':
        return this.#claim(node, question)
      case 'serviceaccounts.':
        return this.#serviceAccount(node, question)
      case 'leases.coordination.k8s.io':
        return ownLease(node, question)
      case 'csinodes.storage.k8s.io':
        return ownCsiNode(node, question)
      case 'nodes.':
        return ownNode(node, question)
      case 'pods.':
        return this.#pod(node, question)
      default:
        return undefined
    }
  }

  #readNamed(node: string, kind: ReferenceKind, question: ResourceQuestion): Decision {
    const { verb, path } = question
    if (!['get', 'list', 'watch'].includes(verb)) {
      return refuse('can only read resources of this type')
    }
    if (path.subresource !== '') return refuse('cannot read subresource')
    if (path.namespace === '') return refuse('can only read namespaced object of this type')
    return this.#related(node, kind, question)
  }

  #related(node: string, kind: ReferenceKind, { path }: ResourceQuestion): Decision {
    if (path.name === '') return refuse('No Object name found')
    if (this.#graph.isRelated(node, `${kind} ${path.namespace}/${path.name}`)) return allow
    return refuse(`no relationship found between node '${node}' and this object`)
  }

  #claim(node: string, question: ResourceQuestion): Decision {
    const { verb, path } = question
    if (path.subresource === 'status') {
      if (verb !== 'update' && verb !== 'patch')
        return refuse('can only get/update/patch this type')
    } else {
      if (verb !== 'get') return refuse('can only get individual resources of this type')
      if (path.subresource !== '') return refuse('cannot get subresource')
    }
    return this.#related(node, 'persistentVolumeClaim', question)
  }

  #serviceAccount(node: string, question: ResourceQuestion): Decision {
    const { verb, path } = question
    if (verb === 'get' && path.subresource === '') {
      return this.#readNamed(node, 'serviceAccount', question)
    }
    if (verb !== 'create' || path.name === '') {
      return refuse('can only create tokens for individual service accounts')
    }
    if (path.subresource !== 'token') {
      return refuse('can only create token subresource of serviceaccount')
    }
    return this.#related(node, 'serviceAccount', question)
  }

  #pod(node: string, question: ResourceQuestion): Decision {
    const { verb, path } = question
    if (path.subresource === 'status') {
      return verb === 'update' || verb === 'patch' ? allow : noOpinion
    }
    if (path.subresource === 'eviction') return verb === 'create' ? allow : noOpinion
    if (path.subresource !== '') return noOpinion
    switch (verb) {
      case 'create':
      case 'delete':
        return allow
      case 'get':
        return this.#related(node, 'pod', question)
      case 'list':
      case 'watch': {
        if (selects(question, 'spec.nodeName', node)) return allow
        if (path.name !== '') return this.#related(node, 'pod', question)
        return refuse('can only list/watch pods with spec.nodeName field selector')
      }
      default:
        return noOpinion
    }
  }
}

function ownNode(node: string, { verb, path }: ResourceQuestion): Decision {
  const writes = verb === 'update' || verb === 'patch'
  if (path.subresource === 'status') return writes ? allow : noOpinion
  if (path.subresource !== '') return noOpinion
  if (writes || verb === 'create') return allow
  if (!['get', 'list', 'watch'].includes(verb)) return noOpinion
  if (path.name === node) return allow
  return refuse(
    path.name === ''
      ? `node '${node}' cannot read all nodes, only its own Node object`
      : `node '${node}' cannot read '${path.name}', only its own Node object`,
  )
}

const ownVerbs = new Set(['get', 'create', 'update', 'patch', 'delete'])

function ownLease(node: string, { verb, path }: ResourceQuestion): Decision {
  if (!ownVerbs.has(verb)) {
    return refuse('can only get, create, update, patch, or delete a node lease')
  }
  if (path.namespace !== 'kube-node-lease') {
    return refuse('can only access leases in the "kube-node-lease" system namespace')
  }
  if (verb !== 'create' && path.name !== node) {
    return refuse('can only access node lease with the same name as the requesting node')
  }
  return allow
}

function ownCsiNode(node: string, { verb, path }: ResourceQuestion): Decision {
  if (!ownVerbs.has(verb)) return refuse('can only get, create, update, patch, or delete a CSINode')
  if (path.subresource !== '') return refuse('cannot authorize CSINode subresources')
  if (verb !== 'create' && path.name !== node) {
    return refuse('can only access CSINode with the same name as the requesting node')
  }
  return allow
}

function selects({ fieldSelector }: ResourceQuestion, field: string, value: string): boolean {
  if (fieldSelector === '') return false
  return readSelector(fieldSelector).requiredValue(field) === value
}

/** A selector that cannot be read narrows nothing down; the registry will refuse it. */
function readSelector(text: string): FieldSelector {
  try {
    return parseFieldSelector(text)
  } catch {
    return FieldSelector.everything
  }
}
