import { deepCopy, deepEqual, flowSchemas, priorityLevelConfigurations } from '@kemu/api'
import type { FlowSchema, PriorityLevelConfiguration, ResourceType } from '@kemu/api'
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '@kemu/api/kinds'
import { bootstrapLevels, bootstrapSchemas } from './flow-control-objects.ts'
import type { OwnObject, SystemWriter } from './system-writer.ts'

type Configuration = FlowSchema | PriorityLevelConfiguration

/** While it says so, the server keeps the spec as it would make it (flowcontrol.AutoUpdateAnnotationKey). */
const autoUpdate = 'apf.kubernetes.io/autoupdate-spec'

/** Makes what is missing of flow control's objects, and mends those that are kept up to date. */
export async function ensureFlowControl(writer: SystemWriter): Promise<void> {
  const levels = Object.entries(bootstrapLevels).map(([name, spec]) =>
    ensure<PriorityLevelConfiguration>(writer, priorityLevelConfigurations, {
      draft: { metadata: metadataOf(name), spec },
      isMandatory: name in mandatoryPriorityLevels,
      // What is exempt may still have shares of its own.
      mayDiffer: name === 'exempt',
    }),
  )
  const schemas = Object.entries(bootstrapSchemas).map(([name, spec]) =>
    ensure<FlowSchema>(writer, flowSchemas, {
      draft: { metadata: metadataOf(name), spec },
      isMandatory: name in mandatoryFlowSchemas,
      mayDiffer: false,
    }),
  )
  await Promise.all([...levels, ...schemas])
}

function metadataOf(name: string) {
  return { name, annotations: { [autoUpdate]: 'true' } }
}

interface Wanted<T extends Configuration> {
  readonly draft: OwnObject<T>
  readonly isMandatory: boolean
  readonly mayDiffer: boolean
}

async function ensure<T extends Configuration>(
  writer: SystemWriter,
  type: ResourceType<T>,
  { draft, isMandatory, mayDiffer }: Wanted<T>,
): Promise<void> {
  const { name } = draft.metadata
  const { spec } = draft as unknown as T
  const found = writer.find<T>(type, '', name)
  if (!found) return void (await writer.create(type, draft))
  const isKept = isMandatory || found.metadata.annotations?.[autoUpdate] === 'true'
  if (!isKept || mayDiffer || deepEqual(found.spec, spec)) return
  await writer.update<T>(type, { name }, (old) => ({ ...deepCopy(old), spec }))
}
