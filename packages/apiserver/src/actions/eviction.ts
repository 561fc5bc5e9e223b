import {
  badRequest,
  deepCopy,
  isConflict,
  isPodConditionTrue,
  isPodTerminal,
  pods,
  StatusError,
} from '@kemu/api'
import type { KubeObject, Pod } from '@kemu/api'
import type { ExpectedType } from '@kemu/api/schema'
import type { ActionHandler } from '../registry/action-handler.ts'
import { decodeAs } from '../registry/body-decoder.ts'
import type { Catalog } from '../registry/catalog.ts'
import { objectKeyOf } from '../registry/object-reader.ts'
import { methodNotAllowed } from '../registry/resource-handler.ts'
import type { WriteContext } from '../registry/write-context.ts'
import type { ResourceRequest } from '../request/api-request.ts'
import { isDryRun } from '../request/options.ts'
import type { ApiResponse } from '../request/api-response.ts'
import type { DeleteOptions } from '../request/options.ts'
import { setCondition, success } from './binding.ts'
import {
  budgetsOf,
  isFreeWhenUnhealthy,
  payDisruption,
  stillProcessed,
} from './disruption-budgets.ts'

interface Eviction extends KubeObject {
  deleteOptions?: DeleteOptions
}

const evictionType: ExpectedType = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  schema: 'io.k8s.api.policy.v1.Eviction',
}

/** `pods/eviction`: deletes a pod where its disruption budget allows that, and says in it why. */
export function evictionHandler(catalog: Catalog): ActionHandler {
  return {
    async handle({ path, operation }: ResourceRequest, _entry, _context, write) {
      if (operation.verb !== 'create') throw methodNotAllowed()
      const { body, options } = operation
      const eviction = (await decodeAs(evictionType, body, options, write.warnings)) as Eviction
      const { name } = eviction.metadata
      if (name !== path.name) {
        throw badRequest('name in URL does not match name in Eviction object')
      }
      const deleteOptions: DeleteOptions = {
        ...eviction.deleteOptions,
        dryRun: eviction.deleteOptions?.dryRun ?? [...options.dryRun],
      }
      const dryRun = isDryRun(deleteOptions)
      const podWrite = { ...write, dryRun, path: { ...path, subresource: '' } }
      const attributes = {
        operation: 'CREATE' as const,
        path,
        definition: catalog.storeOf(pods).definition,
        object: eviction,
        old: undefined,
        user: write.user,
        dryRun,
        warnings: write.warnings,
      }
      await write.admission.admit(attributes)
      await write.admission.validate(attributes)
      return evictWithBudget(catalog, deleteOptions, podWrite)
    },
  }
}

/** Upstream answers so, without a reason. */
function twoBudgets(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    code: 500,
  })
}

async function evictWithBudget(
  catalog: Catalog,
  options: DeleteOptions,
  write: WriteContext,
): Promise<ApiResponse> {
  const stored = await catalog.storeOf(pods).reader.get(write.path, '')
  const pod = stored.object as Pod
  const atThisVersion: DeleteOptions = {
    ...options,
    preconditions: {
      ...options.preconditions,
      resourceVersion: options.preconditions?.resourceVersion ?? pod.metadata.resourceVersion,
    },
  }
  const isLeaving = isPodTerminal(pod) || pod.metadata.deletionTimestamp !== undefined
  if (isLeaving || pod.status.phase === 'Pending') {
    await evict(catalog, isLeaving ? options : atThisVersion, write)
    return success(201)
  }
  const [budget, another] = await budgetsOf(catalog, pod)
  if (another) throw twoBudgets()
  if (budget && !isPodConditionTrue(pod, 'Ready') && isFreeWhenUnhealthy(budget)) {
    await evict(catalog, atThisVersion, write).catch((error: unknown) => {
      // It may have become healthy meanwhile, and then it would have cost something.
      const isOurs = options.preconditions?.resourceVersion === undefined
      throw isConflict(error) && isOurs ? stillProcessed(budget.metadata.name) : error
    })
    return success(201)
  }
  if (budget) await payDisruption(catalog, budget, pod.metadata.name, write)
  await evict(catalog, options, write)
  return success(201)
}

async function evict(catalog: Catalog, options: DeleteOptions, write: WriteContext): Promise<void> {
  const { updater, deleter } = catalog.storeOf(pods)
  const key = objectKeyOf(write.path)
  let deleteOptions = options
  if (!write.dryRun) {
    const marked = await updater.update(
      key,
      (old) => withDisruption(old as Pod, options, write.nowMs),
      markRules,
      write,
    )
    // The mark changed the pod: a condition on its version goes by the new one from here.
    if (options.preconditions?.resourceVersion !== undefined) {
      const resourceVersion = String(marked.object.revision)
      deleteOptions = { ...options, preconditions: { ...options.preconditions, resourceVersion } }
    }
  }
  await deleter.delete(key, deleteOptions, write)
}

function withDisruption(old: Pod, { preconditions }: DeleteOptions, nowMs: number): Pod {
  const pod = deepCopy(old)
  if (preconditions?.uid) pod.metadata.uid = preconditions.uid
  if (preconditions?.resourceVersion) {
    pod.metadata.resourceVersion = preconditions.resourceVersion
  }
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    observedGeneration: pod.metadata.generation ?? 0,
  }
  setCondition(pod, condition, nowMs)
  return pod
}

const markRules = {
  prepareForUpdate: () => {},
  validateUpdate: () => [],
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
}
