import { serviceAccounts } from '@kemu/api'
import type { Container, Pod, ServiceAccount, Volume } from '@kemu/api'
import { nameSuffix } from '@kemu/base'
import type { Clock, Random } from '@kemu/base'
import type { Catalog } from '../registry/catalog.ts'
import { Lookup } from '../registry/lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden, subjectOf } from './refusal.ts'

export interface ServiceAccountDeps {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly random: Random
}

const tokenMountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
const mirrorAnnotation = 'kubernetes.io/config.mirror'
/** The lifetime that marks tokens of pods (serviceaccount.WarnOnlyBoundTokenExpirationSeconds). */
export const podTokenSeconds = 3607
/**
 * A namespace's default account comes from a controller: wait for it about as long as upstream asks
 * again.
 */
const defaultAccountPatienceMs = 1_500

/** Gives pods their service account, the account's token as a volume, and its pull secrets. */
export class ServiceAccountPlugin implements AdmissionPlugin {
  readonly name = 'ServiceAccount'
  readonly #deps: ServiceAccountDeps
  readonly #lookup: Lookup

  constructor(deps: ServiceAccountDeps) {
    this.#deps = deps
    this.#lookup = new Lookup(deps.catalog)
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    if (attributes.operation !== 'CREATE' || subjectOf(attributes) !== 'pods') return
    const pod = attributes.object as Pod
    if (isMirror(pod)) return this.#checkMirror(attributes, pod)
    pod.spec.serviceAccountName ||= 'default'
    const account = await this.#account(attributes, pod.spec.serviceAccountName)
    if (shouldMount(account, pod)) mountToken(pod, this.#deps.random)
    if ((pod.spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets) {
      pod.spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({
        ...(name !== undefined && { name }),
      }))
    }
    // The old name of the field is still written (core/v1 conversion).
    pod.spec.serviceAccount = pod.spec.serviceAccountName
  }

  async #account(attributes: AdmissionAttributes, name: string): Promise<ServiceAccount> {
    const { namespace } = attributes.path
    const found =
      (await this.#lookup.find(serviceAccounts, namespace, name)) ??
      (name === 'default' ? await this.#awaitDefault(namespace) : undefined)
    if (found) return found
    throw admissionForbidden(
      attributes,
      `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    )
  }

  async #awaitDefault(namespace: string): Promise<ServiceAccount | undefined> {
    const { catalog, clock } = this.#deps
    const { cache } = catalog.storeOf(serviceAccounts)
    await cache.ready()
    const key = `${namespace}/default`
    const stored = await cache.appearance(key, defaultAccountPatienceMs, clock)
    return stored?.object
  }

  #checkMirror(attributes: AdmissionAttributes, { spec }: Pod): void {
    if (spec.serviceAccountName) {
      throw admissionForbidden(attributes, 'a mirror pod may not reference service accounts')
    }
    if (namesSecret(spec)) {
      throw admissionForbidden(attributes, 'a mirror pod may not reference secrets')
    }
    for (const { projected } of spec.volumes ?? []) {
      if (projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken)) {
        throw admissionForbidden(
          attributes,
          'a mirror pod may not use ServiceAccountToken volume projections',
        )
      }
    }
  }
}

export function isMirror({ metadata }: Pod): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined
}

function shouldMount(account: ServiceAccount, { spec }: Pod): boolean {
  return spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
}

function mountToken({ spec }: Pod, random: Random): void {
  const present = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix))
  const volumeName = present?.name ?? volumePrefix + nameSuffix(random)
  let isNeeded = false
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    isNeeded = mountInto(container, volumeName) || isNeeded
  }
  if (isNeeded && !present) (spec.volumes ??= []).push(tokenVolume(volumeName))
}

/** False where the container mounts something of its own at that path. */
function mountInto(container: Container, name: string): boolean {
  if (container.volumeMounts?.some(({ mountPath }) => mountPath === tokenMountPath)) return false
  const mount = { name, readOnly: true, mountPath: tokenMountPath }
  ;(container.volumeMounts ??= []).push(mount)
  return true
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: podTokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [
              {
                path: 'namespace',
                fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
              },
            ],
          },
        },
      ],
      defaultMode: 0o644,
    },
  }
}

function namesSecret(spec: Pod['spec']): boolean {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  return (
    (spec.imagePullSecrets ?? []).length > 0 ||
    (spec.volumes ?? []).some(
      ({ secret, projected }) => secret ?? projected?.sources?.some((source) => source.secret),
    ) ||
    containers.some(
      ({ env, envFrom }) =>
        env?.some(({ valueFrom }) => valueFrom?.secretKeyRef) === true ||
        envFrom?.some(({ secretRef }) => secretRef) === true,
    )
  )
}
