import { chmodSync, readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { sleep } from '@kemu/base'
import { printLine } from '../output.ts'
import { placeOf } from '../surroundings.ts'
import type { AgnhostCommand, AgnhostContext } from './command.ts'

const initialContent = 'mount-tester new file\n'
const path = (help: string) => ({ type: 'string', default: '', help }) as const

/** Checks of a file system that a volume's test asks for; the order of the checks is part of what they mean. */
export const mounttest: AgnhostCommand = {
  flags: {
    'fs-type': path('Path to print the fs type for'),
    'new-file-0644': path('Path to write to and read from with perm 0644'),
    'new-file-0666': path('Path to write to and read from with perm 0666'),
    'new-file-0660': path('Path to write to and read from with perm 0660'),
    'new-file-0777': path('Path to write to and read from with perm 0777'),
    'file-mode': path('Path to print the mode bits of'),
    'file-perm': path('Path to print the perms of'),
    'file-owner': path('Path to print the owning UID and GID of'),
    'file-content': path('Path to read the file content from'),
    'file-content-in-loop': path('Path to read the file content in loop from'),
    'retry-time': { type: 'int', default: 180, help: 'Retry time during the loop' },
    'break-on-expected-content': { type: 'boolean', default: true, help: 'Break out of loop' },
  },
  wordsMax: 0,
  run: async (flags, _words, context) => {
    process.umask(0)
    const failures: string[] = []
    const check = (name: string, act: (path: string, place: string) => void): void => {
      const given = flags[name] as string
      if (given === '') return
      try {
        act(given, placeOf(context.surroundings, given))
      } catch (error) {
        const { code, message: words } = error as NodeJS.ErrnoException
        const message = code === 'ENOENT' ? `open ${given}: no such file or directory` : words
        printLine(`error reading file content for "${given}": ${message}`)
        failures.push(message)
      }
    }
    check('fs-type', (given, place) => printLine(`mount type of "${given}": ${mountType(place)}`))
    for (const mode of ['0644', '0666', '0660', '0777'])
      check(`new-file-${mode}`, (given, place) => writeNew(given, place, Number.parseInt(mode, 8)))
    check('file-mode', (given, place) =>
      printLine(`mode of file "${given}": ${formatMode(statSync(place))}`),
    )
    check('file-perm', (given, place) =>
      printLine(`perms of file "${given}": -${formatPermissions(statSync(place))}`),
    )
    check('file-owner', (given, place) => {
      const { uid, gid } = statSync(place)
      printLine(`owner UID of "${given}": ${uid}\nowner GID of "${given}": ${gid}`)
    })
    check('file-content', printContent)
    const loop = flags['file-content-in-loop'] as string
    if (loop !== '') await readInLoop(loop, flags, context)
    return failures.length === 0 ? 0 : 1
  },
}

function printContent(given: string, place: string): void {
  printLine(`content of file "${given}": ${readFileSync(place, 'utf8')}`)
}

function writeNew(given: string, place: string, mode: number): void {
  writeFileSync(place, initialContent)
  chmodSync(place, mode)
  printContent(given, place)
}

async function readInLoop(
  given: string,
  flags: Readonly<Record<string, unknown>>,
  { clock, surroundings }: AgnhostContext,
): Promise<void> {
  const endMs = clock.monotonicMs() + (flags['retry-time'] as number) * 1000
  for (; clock.monotonicMs() < endMs; await sleep(clock, 2000)) {
    let text: string
    try {
      text = readFileSync(placeOf(surroundings, given), 'utf8')
    } catch (error) {
      printLine(`Error reading file ${given}: ${(error as Error).message}, retrying`)
      continue
    }
    printLine(`content of file "${given}": ${text}`)
    if (flags['break-on-expected-content'] !== true) continue
    if (text === initialContent) return
    printLine(`Unexpected content. Expected: ${initialContent}. Retrying`)
  }
}

/** TMPFS_MAGIC, linux/magic.h. */
const tmpfsMagic = 0x01021994

/** tmpfs by name, others by their number, as statfs(2) gives it. */
function mountType(place: string): string {
  const { type } = statfsSync(place)
  return type === tmpfsMagic ? 'tmpfs' : String(type)
}

function formatPermissions({ mode }: Stats): string {
  return [6, 3, 0]
    .map((shift) => {
      const bits = (mode >> shift) & 7
      return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`
    })
    .join('')
}

/** Go's os.FileMode: letters for what is more than a file, then the permissions. */
function formatMode(stat: Stats): string {
  const letters = [
    stat.isDirectory() ? 'd' : '',
    stat.mode & 0o4000 ? 'u' : '',
    stat.mode & 0o2000 ? 'g' : '',
    stat.mode & 0o1000 ? 't' : '',
  ].join('')
  return `${letters || '-'}${formatPermissions(stat)}`
}
