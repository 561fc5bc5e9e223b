import { deepEqual, nodes, notFound, pods } from '@kemu/api'
import type {
  AuthenticationTokenRequest as TokenRequest,
  CertificateSigningRequest,
  Node,
  Pod,
} from '@kemu/api'
import { nodeNameOf } from '../authorization/node/node-identity.ts'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { apiReferenceOf } from './api-reference.ts'
import { forbiddenNodeLabels } from './node-labels.ts'
import { admissionForbidden, subjectOf } from './refusal.ts'
import { isMirror } from './service-account.ts'

/** A kubelet changes its own node and the pods bound to it, and nothing of others. */
export class NodeRestrictionPlugin implements AdmissionPlugin {
  readonly name = 'NodeRestriction'
  readonly #lookup: Lookup

  constructor(catalog: Catalog) {
    this.#lookup = new Lookup(catalog)
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    const node = nodeNameOf(attributes.user)
    if (node === undefined) return
    if (node === '') {
      const user = JSON.stringify(attributes.user.name)
      throw admissionForbidden(attributes, `could not determine node from user ${user}`)
    }
    switch (subjectOf(attributes)) {
      case 'pods':
        return this.#pod(node, attributes)
      case 'pods/status':
        return podStatus(node, attributes)
      case 'pods/eviction':
        return this.#eviction(node, attributes)
      case 'nodes':
      case 'nodes/status':
        return ownNode(node, attributes)
      case 'serviceaccounts/token':
        return this.#token(node, attributes)
      case 'leases.coordination.k8s.io':
        return ownLease(node, attributes)
      case 'certificatesigningrequests.certificates.k8s.io':
        return ownRequest(node, attributes)
      default:
        return otherSubject(attributes)
    }
  }

  async #pod(node: string, attributes: AdmissionAttributes): Promise<void> {
    switch (attributes.operation) {
      case 'CREATE':
        return this.#mirrorPod(node, attributes)
      case 'DELETE':
        if ((attributes.old as Pod).spec.nodeName === node) return
        throw admissionForbidden(
          attributes,
          `node ${JSON.stringify(node)} can only delete pods with spec.nodeName set to itself`,
        )
      default:
        throw admissionForbidden(
          attributes,
          `unexpected operation ${JSON.stringify(attributes.operation)}, node ${JSON.stringify(node)} can only create and delete mirror pods`,
        )
    }
  }

  async #mirrorPod(node: string, attributes: AdmissionAttributes): Promise<void> {
    const pod = attributes.object as Pod
    const name = JSON.stringify(node)
    const refuse = (why: string): Error => admissionForbidden(attributes, why)
    if (!isMirror(pod)) {
      throw refuse(
        `pod does not have "kubernetes.io/config.mirror" annotation, node ${name} can only create mirror pods`,
      )
    }
    if (pod.spec.nodeName !== node) {
      throw refuse(`node ${name} can only create pods with spec.nodeName set to itself`)
    }
    await this.#mirrorOwner(node, pod, refuse)
    const reference = apiReferenceOf(pod)
    if (reference !== undefined) {
      throw refuse(`node ${name} can not create pods that reference ${reference}`)
    }
  }

  async #mirrorOwner(node: string, pod: Pod, refuse: (why: string) => Error): Promise<void> {
    const name = JSON.stringify(node)
    const [owner, ...others] = pod.metadata.ownerReferences ?? []
    if (others.length > 0) {
      throw refuse(`node ${name} can only create pods with a single owner reference set to itself`)
    }
    if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
      throw refuse(`node ${name} can only create pods with an owner reference set to itself`)
    }
    if (!owner.controller) {
      throw refuse(
        `node ${name} can only create pods with a controller owner reference set to itself`,
      )
    }
    if (owner.blockOwnerDeletion) {
      throw refuse(`node ${name} must not set blockOwnerDeletion on an owner reference`)
    }
    const own = await this.#lookup.find(nodes, '', node)
    if (!own) throw notFound(nodes, node)
    if (own.metadata.uid !== owner.uid) {
      throw refuse(`node ${node} UID mismatch: expected ${owner.uid} got ${own.metadata.uid}`)
    }
  }

  async #eviction(node: string, attributes: AdmissionAttributes): Promise<void> {
    const { namespace, name } = attributes.path
    const pod = await this.#lookup.find(pods, namespace, name)
    if (!pod) throw notFound(pods, name)
    if (pod.spec.nodeName === node) return
    throw admissionForbidden(
      attributes,
      `node ${node} can only evict pods with spec.nodeName set to itself`,
    )
  }

  async #token(node: string, attributes: AdmissionAttributes): Promise<void> {
    const refuse = (why: string): Error => admissionForbidden(attributes, why)
    const { spec } = attributes.object as TokenRequest
    const reference = spec.boundObjectRef
    if (reference?.apiVersion !== 'v1' || reference.kind !== 'Pod' || !reference.name) {
      throw refuse('node requested token not bound to a pod')
    }
    if (!reference.uid) {
      throw refuse('node requested token with a pod binding without a uid')
    }
    const pod = await this.#lookup.find(pods, attributes.path.namespace, reference.name)
    if (!pod) throw notFound(pods, reference.name)
    if (pod.metadata.uid !== reference.uid) {
      throw refuse(
        `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      )
    }
    if (pod.spec.nodeName !== node) {
      throw refuse('node requested token bound to a pod scheduled on a different node')
    }
    checkAudience(spec.audiences ?? [], pod, attributes)
  }
}

/**
 * A node asks for tokens only for audiences that the pod itself names
 * (ServiceAccountNodeAudienceRestriction).
 */
function checkAudience(
  audiences: readonly string[],
  pod: Pod,
  attributes: AdmissionAttributes,
): void {
  if (audiences.length > 1) {
    throw admissionForbidden(attributes, 'node may only request 0 or 1 audiences')
  }
  const audience = audiences[0] ?? ''
  const isNamed = pod.spec.volumes?.some(({ projected }) =>
    projected?.sources?.some(
      ({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience,
    ),
  )
  if (isNamed) return
  throw admissionForbidden(
    attributes,
    `audience ${JSON.stringify(audience)} not found in pod spec volume, ${attributes.user.name} is not authorized to request tokens for this audience`,
  )
}

function podStatus(node: string, attributes: AdmissionAttributes): void {
  const name = JSON.stringify(node)
  if (attributes.operation !== 'UPDATE') {
    throw admissionForbidden(
      attributes,
      `unexpected operation ${JSON.stringify(attributes.operation)}`,
    )
  }
  const pod = attributes.object as Pod
  const old = attributes.old as Pod
  if (old.spec.nodeName !== node) {
    throw admissionForbidden(
      attributes,
      `node ${name} can only update pod status for pods with spec.nodeName set to itself`,
    )
  }
  if (!deepEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    throw admissionForbidden(attributes, `node ${name} cannot update labels through pod status`)
  }
}

function ownNode(node: string, attributes: AdmissionAttributes): void {
  const { path, operation, object, old } = attributes
  const refuse = (why: string): Error => admissionForbidden(attributes, why)
  const name = JSON.stringify(node)
  const requested = path.name || object?.metadata.name || ''
  if (requested !== node) {
    throw refuse(`node ${name} is not allowed to modify node ${JSON.stringify(requested)}`)
  }
  const wanted = object as Node | undefined
  const present = old as Node | undefined
  if (!wanted) return
  const labels = forbiddenNodeLabels(wanted.metadata.labels, present?.metadata.labels)
  if (operation === 'CREATE' && labels.length > 0) {
    throw refuse(`node ${name} is not allowed to set the following labels: ${labels.join(', ')}`)
  }
  if (operation !== 'UPDATE' || !present) return
  if (!deepEqual(wanted.spec.taints ?? [], present.spec.taints ?? [])) {
    throw refuse(`node ${name} is not allowed to modify taints`)
  }
  const owners = wanted.metadata.ownerReferences ?? []
  if (!deepEqual(owners, present.metadata.ownerReferences ?? [])) {
    throw refuse(`node ${name} is not allowed to modify ownerReferences`)
  }
  if (labels.length > 0) throw refuse(`is not allowed to modify labels: ${labels.join(', ')}`)
}

function ownLease(node: string, attributes: AdmissionAttributes): void {
  const { path, object } = attributes
  if (path.namespace !== 'kube-node-lease') {
    throw admissionForbidden(
      attributes,
      'can only access leases in the "kube-node-lease" system namespace',
    )
  }
  const name = object?.metadata.name ?? path.name
  if (name === node) return
  throw admissionForbidden(
    attributes,
    'can only access node lease with the same name as the requesting node',
  )
}

/** The signers whose certificates say which node one is. */
const kubeletSigners = new Set([
  'kubernetes.io/kube-apiserver-client-kubelet',
  'kubernetes.io/kubelet-serving',
])

async function ownRequest(node: string, attributes: AdmissionAttributes): Promise<void> {
  if (attributes.operation !== 'CREATE') return
  const { spec } = attributes.object as CertificateSigningRequest
  if (!kubeletSigners.has(spec.signerName)) return
  const { parseRequest } = await import('@kemu/pki')
  const { commonName } = await parseRequest(Buffer.from(spec.request, 'base64').toString())
  if (commonName === `system:node:${node}`) return
  throw admissionForbidden(attributes, `can only create a node CSR with CN=system:node:${node}`)
}

function otherSubject(attributes: AdmissionAttributes): void {
  const { group, resource, subresource } = attributes.path
  if (group !== '' || resource !== 'pods' || subresource === '') return
  throw admissionForbidden(
    attributes,
    `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`,
  )
}
