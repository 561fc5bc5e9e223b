// Writes what a real API server answers to the cases of packages/api/recordings/kinds/*.yaml beside them, a line each:
//   KUBECONFIG=... node scripts/run.mjs record-kinds [create|update|table] [a word in the case's name]
// Objects are made in the namespace `default` and deleted again; creations are dry runs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { openOracle } from './oracle.ts'
import type { OracleAnswer } from './oracle.ts'

interface Body {
  apiVersion: string
  kind: string
  metadata: { name: string }
  status?: unknown
}

interface Case {
  readonly name: string
  readonly body: Body
  /** Of an update: a merge patch, and the subresource that it goes to. */
  readonly patch?: unknown
  readonly subresource?: string
  /** Of a table: the object is on its way out (it needs a finalizer to be seen). */
  readonly delete?: boolean
}

type Recorded = Record<string, unknown>

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const folder = join(root, 'packages/api/recordings/kinds')
const ask = openOracle()
const [onlyFile, onlyName = ''] = process.argv.slice(2)
const recorders: Record<string, (c: Case) => Promise<Recorded>> = {
  create: recordCreate,
  update: recordUpdate,
  table: recordTable,
}
for (const [file, record] of Object.entries(recorders))
  if (onlyFile === undefined || onlyFile === file) await recordFile(file, record)

async function recordFile(
  file: string,
  record: (recorded: Case) => Promise<Recorded>,
): Promise<void> {
  const answersPath = join(folder, `${file}-answers.jsonl`)
  const old = existsSync(answersPath) ? readAnswers(readFileSync(answersPath, 'utf8')) : new Map()
  const cases = load(readFileSync(join(folder, `${file}.yaml`), 'utf8')) as Case[]
  const lines: string[] = []
  for (const recorded of cases) {
    const { name } = recorded
    const kept = name.includes(onlyName) ? undefined : old.get(name)
    lines.push(kept ?? JSON.stringify({ name, ...withoutManagers(await record(recorded)) }))
  }
  writeFileSync(answersPath, `${lines.join('\n')}\n`)
  console.log(`${file}: ${lines.length} cases recorded`)
}

/** Each line by the name of its case. */
function readAnswers(text: string): Map<string, string> {
  const lines = text.trimEnd().split('\n')
  return new Map(lines.map((line) => [(JSON.parse(line) as { name: string }).name, line]))
}

/** Who wrote which field is long and no matter of kinds. */
function withoutManagers(recorded: Recorded): Recorded {
  const replacer = (key: string, value: unknown): unknown =>
    key === 'managedFields' ? undefined : value
  return JSON.parse(JSON.stringify(recorded, replacer)) as Recorded
}

async function recordCreate({ body }: Case): Promise<Recorded> {
  return answerOf(await ask('POST', `${await collection(body)}?dryRun=All`, JSON.stringify(body)))
}

async function recordUpdate(recorded: Case): Promise<Recorded> {
  return await withObject(recorded, async (path, old) => {
    const target = recorded.subresource ? `${path}/${recorded.subresource}` : path
    const patch = JSON.stringify(recorded.patch)
    const type = 'application/merge-patch+json'
    return { old, ...answerOf(await ask('PATCH', `${target}?dryRun=All`, patch, type)) }
  })
}

/** The row of one object; ages lie between those of the two moments. */
async function recordTable(recorded: Case): Promise<Recorded> {
  return await withObject(recorded, async (path) => {
    const { status } = recorded.body
    if (status !== undefined) {
      const patch = JSON.stringify({ status })
      const patched = await ask('PATCH', `${path}/status`, patch, 'application/merge-patch+json')
      if (patched.code !== 200) throw new Error(`${recorded.name}: ${patched.body}`)
    }
    if (recorded.delete) await ask('DELETE', path)
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const beforeMs = Date.now()
    const { body } = await ask('GET', `${path}?includeObject=Object`, undefined, undefined, accept)
    const { columnDefinitions, rows } = JSON.parse(body) as {
      columnDefinitions: { name: string; type: string; format: string; priority: number }[]
      rows: { cells: unknown[]; conditions?: unknown; object: unknown }[]
    }
    return {
      beforeMs,
      afterMs: Date.now(),
      columns: columnDefinitions.map(({ name, type, format, priority }) => ({
        name,
        type,
        format,
        priority,
      })),
      ...rows[0],
    }
  })
}

async function withObject(
  { name, body }: Case,
  use: (path: string, stored: unknown) => Promise<Recorded>,
): Promise<Recorded> {
  const base = await collection(body)
  const path = `${base}/${body.metadata.name}`
  const created = await ask('POST', base, JSON.stringify(body))
  if (created.code !== 201) throw new Error(`${name}: ${created.body}`)
  try {
    return await use(path, JSON.parse(created.body))
  } finally {
    await ask('DELETE', `${path}?gracePeriodSeconds=0`)
    const free = JSON.stringify({ metadata: { finalizers: null } })
    await ask('PATCH', path, free, 'application/merge-patch+json')
  }
}

function answerOf({ code, body, warnings }: OracleAnswer): Recorded {
  const answer = JSON.parse(body) as Recorded
  return { code, answer, ...(warnings.length > 0 && { warnings }) }
}

/** /api/v1/namespaces/default/pods; discovery knows the way. */
async function collection({ apiVersion, kind }: Body): Promise<string> {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { body } = await ask('GET', base)
  const { resources } = JSON.parse(body) as {
    resources: { name: string; kind: string; namespaced: boolean }[]
  }
  const found = resources.find((r) => r.kind === kind && !r.name.includes('/'))
  if (!found) throw new Error(`${apiVersion} has no ${kind}`)
  return `${base}${found.namespaced ? '/namespaces/default' : ''}/${found.name}`
}
