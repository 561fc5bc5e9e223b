import { open } from 'node:fs/promises'
import type { ObservedContainer } from './observed-pod.ts'

/** MaxContainerTerminationMessageLength, ...LogLength, ...LogLines. */
const bytesMax = 4096
const logBytesMax = 2048
const logLinesMax = 80

/** What a container wrote to its message file, or with FallbackToLogsOnError the end of its log. */
export async function readTerminationMessage(container: ObservedContainer): Promise<string> {
  const { messageFile, notes, exitCode, logPath } = container
  const fromFile = messageFile === '' ? '' : await readStart(messageFile)
  if (fromFile !== '') return fromFile
  const fallsBack = notes.terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0
  if (!fallsBack || logPath === '') return ''
  const lines = (await readEnd(logPath, 4 * logBytesMax)).split('\n').flatMap(logText)
  return lines.slice(-logLinesMax).join('').slice(-logBytesMax)
}

/** The text of a line of a CRI log: `time stream tag text`; P marks a line without its end. */
function logText(line: string): string[] {
  const match = /^\S+ (?:stdout|stderr) ([FP])\S* ?(.*)$/s.exec(line)
  if (!match) return []
  return [match[1] === 'F' ? `${match[2]}\n` : match[2]!]
}

async function readStart(path: string): Promise<string> {
  return readPart(path, () => 0, bytesMax)
}

async function readEnd(path: string, bytes: number): Promise<string> {
  return readPart(path, (size) => Math.max(0, size - bytes), bytes)
}

async function readPart(
  path: string,
  offset: (size: number) => number,
  length: number,
): Promise<string> {
  let file
  try {
    file = await open(path)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? ''
      : `Error reading termination message: ${(error as Error).message}`
  }
  try {
    const { size } = await file.stat()
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset(size))
    return buffer.subarray(0, bytesRead).toString()
  } finally {
    await file.close()
  }
}
