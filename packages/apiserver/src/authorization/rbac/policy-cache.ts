import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '@kemu/api'
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  RbacSubject,
  Role,
  RoleBinding,
} from '@kemu/api'
import type { ResourceCache } from '../../cache/resource-cache.ts'
import type { CacheEvent } from '../../cache/event-window.ts'
import type { Catalog } from '../../registry/catalog.ts'
import type { UserInfo } from '../../request/user-info.ts'

/** A binding as far as decisions need it. */
export interface Grant {
  /** Who of the binding's subjects it is: `User a`, `Group b`. */
  readonly subject: string
  /** '' for a ClusterRoleBinding. */
  readonly namespace: string
  readonly bindingName: string
  readonly roleKind: string
  readonly roleName: string
}

/** Roles and bindings from the watch caches, with the bindings found by who is in them. */
export class PolicyCache {
  readonly #roles: ResourceCache
  readonly #clusterRoles: ResourceCache
  readonly #bindings: readonly ResourceCache[]
  readonly #grants = new Map<string, Map<string, Grant>>()

  constructor(catalog: Catalog) {
    this.#roles = catalog.storeOf(roles).cache
    this.#clusterRoles = catalog.storeOf(clusterRoles).cache
    this.#bindings = [roleBindings, clusterRoleBindings].map((type) => catalog.storeOf(type).cache)
    for (const cache of this.#bindings) cache.onEvent((event) => this.#onBinding(event))
  }

  async ready(): Promise<void> {
    const caches = [this.#roles, this.#clusterRoles, ...this.#bindings]
    await Promise.all(caches.map((cache) => cache.ready()))
  }

  /** The bindings that name the user or a group of its, cluster-wide ones first. */
  *grantsOf(user: UserInfo, namespace: string): Generator<Grant> {
    const subjects = subjectsOf(user)
    for (const wanted of namespace === '' ? [''] : ['', namespace]) {
      for (const subject of subjects) {
        for (const grant of this.#grants.get(subject)?.values() ?? []) {
          if (grant.namespace === wanted) yield grant
        }
      }
    }
  }

  /** The rules of a grant's role; undefined when the role does not exist. */
  rulesOf({ roleKind, roleName, namespace }: Grant): readonly PolicyRule[] | undefined {
    const stored =
      roleKind === 'ClusterRole'
        ? this.#clusterRoles.get(roleName)
        : this.#roles.get(`${namespace}/${roleName}`)
    return stored && ((stored.object as Role | ClusterRole).rules ?? [])
  }

  #onBinding({ type, object, previous }: CacheEvent): void {
    if (previous) this.#change(previous.object as RoleBinding, (grants, key) => grants.delete(key))
    if (type === 'delete') return
    const binding = object.object as RoleBinding | ClusterRoleBinding
    const { metadata, roleRef } = binding
    const grant = {
      namespace: metadata.namespace ?? '',
      bindingName: metadata.name,
      roleKind: roleRef.kind,
      roleName: roleRef.name,
    }
    this.#change(binding, (grants, key, subject) => grants.set(key, { ...grant, subject }))
  }

  #change(
    binding: RoleBinding | ClusterRoleBinding,
    change: (grants: Map<string, Grant>, key: string, subject: string) => void,
  ): void {
    const { name, namespace = '' } = binding.metadata
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace)
      let grants = this.#grants.get(key)
      if (!grants) this.#grants.set(key, (grants = new Map()))
      change(grants, `${namespace}/${name}`, key)
      if (grants.size === 0) this.#grants.delete(key)
    }
  }
}

function subjectKey({ kind, name, namespace }: RbacSubject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${name}`
  return `User system:serviceaccount:${namespace || bindingNamespace}:${name}`
}

function subjectsOf({ name, groups }: UserInfo): string[] {
  return [`User ${name}`, ...groups.map((group) => `Group ${group}`)]
}
