import t from 'tap'
import type { KubeObject } from '../object.ts'
import type { KindDefinition, TableColumn } from './kind-definition.ts'
import { kindOf, readRecording } from './testing/recording.ts'

interface Answer {
  readonly beforeMs: number
  readonly afterMs: number
  readonly columns: readonly { name: string; type: string; format: string; priority: number }[]
  readonly cells: readonly unknown[]
  readonly conditions?: readonly unknown[]
  readonly object: KubeObject
}

t.test('shows every recorded object in the columns that the real server shows', async (t) => {
  for (const { name, answer } of readRecording<Answer>('table'))
    t.same(columnsOf(kindOf(answer.object)), answer.columns, name)
})

t.test('fills the cells as the real server fills them', async (t) => {
  for (const { name, answer } of readRecording<Answer>('table')) {
    const early = cellsAt(answer.object, answer.beforeMs)
    const late = cellsAt(answer.object, answer.afterMs)
    // The real server gives an IPAddress an age without a column for it.
    const shown = answer.cells.slice(0, answer.columns.length)
    // The server read its clock between the two moments.
    const cells = shown.map((cell, i) => (cell === late[i] ? late[i] : early[i]))
    t.same(cells, shown, name)
    t.equal(early.length, shown.length, name)
  }
})

t.test('marks the rows that the real server marks', async (t) => {
  for (const { name, answer } of readRecording<Answer>('table')) {
    const { table } = kindOf(answer.object)
    t.same(table.conditions?.(answer.object) ?? [], answer.conditions ?? [], name)
  }
})

function columnsOf({ table }: KindDefinition): unknown[] {
  const nameColumn: TableColumn = { name: 'Name', type: 'string', description: '', format: 'name' }
  const columns = table.nameColumn === 'among' ? table.columns : [nameColumn, ...table.columns]
  return columns.map(({ name, type, format = '', wide }) => ({
    name,
    type,
    format,
    priority: wide ? 1 : 0,
  }))
}

function cellsAt(object: KubeObject, nowMs: number): unknown[] {
  const { table } = kindOf(object)
  const cells = table.cells(object, nowMs)
  if (table.nameColumn === 'among') return cells
  return [table.name?.(object) ?? object.metadata.name, ...cells]
}
