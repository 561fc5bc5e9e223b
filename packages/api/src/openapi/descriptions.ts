import { brotliDecompressSync } from 'node:zlib'
import { descriptionsPacked } from '../generated/descriptions.ts'

/**
 * The prose of the API: of each definition its own and that of its fields, and that of the parameters of
 * requests.
 */
interface Descriptions {
  readonly definitions: Readonly<
    Record<string, readonly [string, Readonly<Record<string, string>>]>
  >
  readonly parameters: Readonly<Record<string, string>>
}

let opened: Descriptions | undefined

function descriptions(): Descriptions {
  opened ??= JSON.parse(
    brotliDecompressSync(Buffer.from(descriptionsPacked, 'base64')).toString(),
  ) as Descriptions
  return opened
}

/** Lets the text go again: a megabyte that is needed only while documents are made. */
export function closeDescriptions(): void {
  opened = undefined
}

export function describeDefinition(name: string): string {
  return descriptions().definitions[name]?.[0] ?? ''
}

export function describeField(definition: string, field: string): string {
  return descriptions().definitions[definition]?.[1][field] ?? ''
}

/** What an operation of the generated clients (`listNamespacedPod`) says of a parameter. */
export function describeParameter(operation: string, parameter: string): string {
  return descriptions().parameters[`${operation}.${parameter}`] ?? ''
}
