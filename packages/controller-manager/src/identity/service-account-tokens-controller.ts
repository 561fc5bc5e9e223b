import { isConflict, isNotFound, objectKey, secrets, serviceAccounts } from '@kemu/api'
import type { Secret, ServiceAccount } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { legacyToken } from './service-account-jwt.ts'

const tokenType = 'kubernetes.io/service-account-token'
const nameAnnotation = 'kubernetes.io/service-account.name'
const uidAnnotation = 'kubernetes.io/service-account.uid'

export interface TokenConfig {
  /** PEM of --service-account-private-key-file. */
  readonly privateKey: string
  /** PEM of --root-ca-file, where given. */
  readonly rootCa: string | undefined
}

/** Fills Secrets of type service-account-token, and deletes them with their account. */
export class ServiceAccountTokensController extends OneQueueController {
  readonly #config: TokenConfig
  readonly #deps: ControllerDeps
  readonly #secrets: Informer<Secret>
  readonly #accounts: Informer<ServiceAccount>
  protected readonly controller: Controller

  constructor(config: TokenConfig, deps: ControllerDeps) {
    super()
    this.#config = config
    this.#deps = deps
    this.#secrets = deps.informers.of(secrets, { fieldSelector: `type=${tokenType}` })
    this.#accounts = deps.informers.of(serviceAccounts)
    this.#secrets.addIndex('account', (secret) => [accountKeyOf(secret)])
    this.controller = new Controller(
      {
        name: 'serviceaccount_tokens_secret',
        sources: [this.#secrets, this.#accounts],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    const enqueue = (secret: Secret): void => this.controller.enqueue(objectKey(secret))
    const enqueueOf = (account: ServiceAccount): void => {
      for (const secret of this.#secrets.lister.byIndex('account', objectKey(account)))
        enqueue(secret)
    }
    this.controller.follow(this.#secrets)
    this.#accounts.addHandler({ add: enqueueOf, remove: enqueueOf })
  }

  async #reconcile(key: string): Promise<Result> {
    const secret = this.#secrets.lister.get(key)
    if (!secret || secret.metadata.deletionTimestamp !== undefined) return done
    const account = await this.#accountOf(secret)
    const uid = secret.metadata.annotations?.[uidAnnotation]
    if (!account || (uid !== undefined && uid !== account.metadata.uid)) {
      await this.#delete(secret)
      return done
    }
    const filled = this.#fill(secret, account)
    if (filled) await this.#deps.client.resource(secrets, secret.metadata.namespace).update(filled)
    return done
  }

  /** From the cache, else from the server: a Secret may come before its account's event. */
  async #accountOf(secret: Secret): Promise<ServiceAccount | undefined> {
    const cached = this.#accounts.lister.get(accountKeyOf(secret))
    if (cached) return cached
    const name = secret.metadata.annotations?.[nameAnnotation] ?? ''
    if (name === '') return undefined
    try {
      return await this.#deps.client.resource(serviceAccounts, secret.metadata.namespace).get(name)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #fill(secret: Secret, { metadata }: ServiceAccount): Secret | undefined {
    const { rootCa, privateKey } = this.#config
    const { namespace = '', name: secretName } = secret.metadata
    const encode = (text: string): string => Buffer.from(text).toString('base64')
    const ca = rootCa === undefined ? undefined : encode(rootCa)
    const data = secret.data ?? {}
    const complete =
      data['token'] &&
      data['namespace'] &&
      data['ca.crt'] === ca &&
      secret.metadata.annotations?.[uidAnnotation] === metadata.uid
    if (complete) return undefined
    const claims = { namespace, secretName, accountName: metadata.name, accountUid: metadata.uid }
    return {
      ...secret,
      metadata: {
        ...secret.metadata,
        annotations: {
          ...secret.metadata.annotations,
          [nameAnnotation]: metadata.name,
          [uidAnnotation]: metadata.uid,
        },
      },
      data: {
        ...data,
        ...(ca !== undefined && { 'ca.crt': ca }),
        namespace: data['namespace'] ?? encode(namespace),
        token: data['token'] ?? encode(legacyToken(privateKey, claims)),
      },
    }
  }

  async #delete({ metadata }: Secret): Promise<void> {
    const preconditions = { uid: metadata.uid }
    try {
      await this.#deps.client
        .resource(secrets, metadata.namespace)
        .delete(metadata.name, { preconditions })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }
}

function accountKeyOf({ metadata }: Secret): string {
  return `${metadata.namespace ?? ''}/${metadata.annotations?.[nameAnnotation] ?? ''}`
}
