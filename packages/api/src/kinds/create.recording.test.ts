import t from 'tap'
import type { CertificateSigningRequest, Node, PodSpec, Service } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import { invalid } from '../status-error.ts'
import { validateObjectMeta } from '../validation/object-meta.ts'
import type { KindDefinition } from './kind-definition.ts'
import { contextFor, decode, kindOf, readRecording } from './testing/recording.ts'

interface Answer {
  readonly code: number
  readonly answer: KubeObject & { message?: string }
  readonly warnings?: readonly string[]
}

const uid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** Of the admission plugin StorageObjectInUseProtection. */
const finalizers: Readonly<Record<string, string>> = {
  PersistentVolume: 'kubernetes.io/pv-protection',
  PersistentVolumeClaim: 'kubernetes.io/pvc-protection',
  VolumeAttributesClass: 'kubernetes.io/vac-protection',
}

t.test('makes of every recorded new object what the real server made of it', async (t) => {
  for (const { name, body, answer, unordered } of readRecording<Answer>('create')) {
    const definition = kindOf(body)
    const object = create(body, definition, answer)
    const found = refusal(object, definition)
    if (answer.code === 201) {
      t.equal(found, 'accepted', name)
      t.same(comparable(object), comparable(answer.answer), name)
      continue
    }
    const wanted = answer.answer.message!.replaceAll(uid, 'made-up')
    if (unordered) t.same(parts(found), parts(wanted), name)
    else t.equal(found, wanted, name)
  }
})

t.test('warns of what the real server warns of', async (t) => {
  for (const { name, body, answer } of readRecording<Answer>('create')) {
    if (answer.code !== 201) continue
    const definition = kindOf(body)
    const all = definition.strategy.warnings?.(create(body, definition, answer), undefined) ?? []
    const warnings = all.filter((text) => !text.startsWith('kemu: '))
    const recorded = (answer.warnings ?? []).filter((text) => !text.includes('is deprecated in v'))
    t.same(warnings, recorded, name)
  }
})

t.test('fills in nothing more into what it has filled in before', async (t) => {
  for (const { name, body } of readRecording<Answer>('create')) {
    const definition = kindOf(body)
    const object = decode(body, definition)
    definition.strategy.setDefaults(object)
    const once = structuredClone(object)
    definition.strategy.setDefaults(object)
    t.same(object, once, name)
  }
})

function create(body: KubeObject, definition: KindDefinition, { answer }: Answer): KubeObject {
  const { strategy } = definition
  const context = contextFor(definition)
  const object = decode(body, definition)
  if (context.namespace !== '') object.metadata.namespace = context.namespace
  // Known before the strategy is asked: a job's pods are found by it.
  object.metadata.uid = (answer.metadata as Partial<KubeObject['metadata']>).uid ?? 'made-up'
  strategy.setDefaults(object)
  admit(object)
  strategy.prepareForCreate(object, context)
  strategy.canonicalize?.(object)
  return object
}

function refusal(object: KubeObject, definition: KindDefinition): string {
  const { strategy, type, storage } = definition
  const errors = [
    ...validateObjectMeta(object.metadata, {
      namespaced: type.namespaced,
      name: strategy.nameRule,
    }),
    ...strategy.validate(object, contextFor(definition)),
  ]
  const { group, kind } = storage?.as?.type ?? type
  if (errors.length === 0) return 'accepted'
  return invalid(group, kind, object.metadata.name, errors).message
}

/** The message's errors, in order. */
function parts(message: string): string[] {
  return message
    .split(/, (?=spec\.|\w+\[)/)
    .map((part) => part.replaceAll(/[[\]]$/g, ''))
    .sort()
}

/** What the server's admission plugins add to pods, and its registry to services. */
function admit(object: KubeObject): void {
  if (object.kind === 'Service') {
    const { spec } = object as Service
    if (spec.clusterIP) spec.clusterIPs ??= [spec.clusterIP]
  }
  const protection = finalizers[object.kind]
  if (protection !== undefined) object.metadata.finalizers = [protection]
  if (object.kind !== 'Pod') return
  const { spec } = object as KubeObject & { spec: PodSpec }
  spec.serviceAccountName ??= 'default'
  spec.priority ??= 0
  spec.preemptionPolicy ??= 'PreemptLowerPriority'
  const seconds = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }
  spec.tolerations ??= [
    { key: 'node.kubernetes.io/not-ready', ...seconds },
    { key: 'node.kubernetes.io/unreachable', ...seconds },
  ]
}

/** Without what only a server can know: times, numbers, allocated addresses and ports. */
function comparable(object: KubeObject): unknown {
  const copy = structuredClone(object)
  for (const field of ['uid', 'creationTimestamp', 'managedFields', 'selfLink'] as const)
    delete (copy.metadata as Partial<KubeObject['metadata']>)[field]
  if (copy.kind === 'Service') dropAllocated((copy as Service).spec)
  // Of an admission plugin (TaintNodesByCondition) and of the client's certificate.
  if (copy.kind === 'Node') delete (copy as Node).spec.taints
  if (copy.kind === 'CertificateSigningRequest')
    delete (copy as CertificateSigningRequest).spec.extra
  const text = JSON.stringify(copy)
  return JSON.parse(text.replaceAll(/"(last\w*TransitionTime)":"[^"]*"/g, '"$1":"T"'))
}

function dropAllocated(spec: Service['spec']): void {
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    delete spec[field]
  for (const port of spec.ports ?? []) delete port.nodePort
}
