import type { Container } from '../../generated/types.ts'
import type { TableColumn } from '../kind-definition.ts'
import { wide } from './column.ts'

type Template = { spec?: { containers?: readonly Container[] } } | undefined

export const containerColumns: readonly TableColumn[] = [
  wide('Containers', "The names of the template's containers."),
  wide('Images', 'The images that they run.'),
]

/** The two cells of a pod template: names and images of its regular containers. */
export function containerCells(template: Template): [string, string] {
  const containers = template?.spec?.containers ?? []
  return [
    containers.map(({ name }) => name).join(','),
    containers.map(({ image }) => image ?? '').join(','),
  ]
}
