import { namespaces, notFound } from '@kemu/api'
import type { Namespace } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden, subjectOf } from './refusal.ts'

/** Nobody deletes these. */
const immortal = new Set(['default', 'kube-system', 'kube-public'])

/** How long a deleted namespace is read from the store itself (forceLiveLookupTTL). */
const suspectMs = 30_000

/** Nothing is made in a namespace that does not exist or terminates; some namespaces cannot go. */
export class NamespaceLifecyclePlugin implements AdmissionPlugin {
  readonly name = 'NamespaceLifecycle'
  readonly #lookup: Lookup
  readonly #clock: Clock
  /** Deleted a moment ago: the cache may not know yet. */
  readonly #suspects = new Map<string, number>()

  constructor(catalog: Catalog, clock: Clock) {
    this.#lookup = new Lookup(catalog)
    this.#clock = clock
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    const { operation, path } = attributes
    const isNamespace = path.group === '' && path.resource === 'namespaces'
    if (isNamespace) {
      if (operation !== 'DELETE') return
      this.#suspects.set(path.name, this.#clock.monotonicMs() + suspectMs)
      if (!immortal.has(path.name)) return
      throw admissionForbidden(attributes, 'this namespace may not be deleted')
    }
    if (operation !== 'CREATE' || path.namespace === '') return
    // Upstream lets access reviews pass: they ask about namespaces that may not be.
    if (subjectOf(attributes) === 'localsubjectaccessreviews.authorization.k8s.io') return
    const namespace = await this.#find(path.namespace)
    if (!namespace) throw notFound(namespaces, path.namespace)
    if (isTerminating(namespace)) throw terminating(attributes)
  }

  #find(name: string): Promise<Namespace | undefined> {
    const untilMs = this.#suspects.get(name)
    if (untilMs === undefined) return this.#lookup.find(namespaces, '', name)
    if (untilMs < this.#clock.monotonicMs()) this.#suspects.delete(name)
    return this.#lookup.read(namespaces, '', name)
  }
}

function isTerminating({ status }: Namespace): boolean {
  return status?.phase === 'Terminating'
}

function terminating(attributes: AdmissionAttributes): Error {
  const { namespace } = attributes.path
  const error = admissionForbidden(
    attributes,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  ) as ReturnType<typeof notFound>
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  error.status.details = { ...error.status.details, causes: [cause] }
  return error
}
