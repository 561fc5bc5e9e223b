import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml'
import { decodeObject } from '../../decode/decode-object.ts'
import type { KubeObject } from '../../object.ts'
import { parseApiVersion } from '../../resource-type.ts'
import type { KindDefinition, RequestContext } from '../kind-definition.ts'
import { kinds } from '../registry.ts'

/** One case of recordings/kinds/<file>.yaml with what the real server answered. */
export interface RecordedCase<Answer> {
  readonly name: string
  readonly body: KubeObject
  readonly patch?: Record<string, unknown>
  readonly subresource?: string
  /** The broken rules come in any order: upstream met them in a map. */
  readonly unordered?: boolean
  readonly answer: Answer
}

const schema = CORE_SCHEMA.withTags(mergeTag)
const folder = new URL('../../../recordings/kinds/', import.meta.url)

export function readRecording<Answer>(file: string): RecordedCase<Answer>[] {
  const read = (name: string): string => readFileSync(fileURLToPath(new URL(name, folder)), 'utf8')
  const cases = load(read(`${file}.yaml`), { schema }) as Omit<RecordedCase<Answer>, 'answer'>[]
  const lines = read(`${file}-answers.jsonl`).trimEnd().split('\n')
  const parsed = lines.map((line) => JSON.parse(line) as Answer & { name: string })
  const answers = new Map(parsed.map((answer) => [answer.name, answer]))
  return cases.map((recorded) => {
    const answer = answers.get(recorded.name)
    if (answer === undefined)
      throw new Error(`${recorded.name} is not recorded: run scripts/record-kinds.ts`)
    return { ...recorded, answer }
  })
}

export function kindOf({ apiVersion, kind }: KubeObject): KindDefinition {
  const { group, version } = parseApiVersion(apiVersion)
  const found = kinds.find(
    ({ type }) => type.group === group && type.version === version && type.kind === kind,
  )
  if (!found) throw new Error(`${apiVersion} ${kind} is not registered`)
  return found
}

/** As the server reads it from a request. */
export function decode(object: unknown, definition: KindDefinition): KubeObject {
  const { type, schema } = definition
  return decodeObject({
    body: JSON.stringify(object),
    mediaType: 'application/json',
    expected: { ...type, schema },
    fieldValidation: 'Strict',
  }).object
}

/** Who the recordings were made by: kubeadm's admin of the oracle. */
export function contextFor(definition: KindDefinition): RequestContext {
  return {
    nowMs: Date.parse('2026-01-01T00:00:00Z'),
    user: {
      name: 'kubernetes-admin',
      groups: ['kubeadm:cluster-admins', 'system:authenticated'],
      uid: '',
    },
    namespace: definition.type.namespaced ? 'default' : '',
  }
}
