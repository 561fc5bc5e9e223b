import type { KubeObject } from '../../object.ts'
import type { TableColumn } from '../kind-definition.ts'
import { since } from './since.ts'

/** A column of text. */
export function text(name: string, description: string): TableColumn {
  return { name, type: 'string', description }
}

export function integer(name: string, description: string): TableColumn {
  return { name, type: 'integer', description }
}

export function boolean(name: string, description: string): TableColumn {
  return { name, type: 'boolean', description }
}

/** A column for `-o wide` only. */
export function wide(name: string, description: string): TableColumn {
  return { name, type: 'string', description, wide: true }
}

export const ageColumn = text('Age', 'How long ago the server created the object.')

export function age(object: KubeObject, nowMs: number): string {
  return since(object.metadata.creationTimestamp, nowMs)
}
