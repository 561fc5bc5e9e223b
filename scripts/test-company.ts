import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Files of one process; more would leave a lane of the run idle at its end. */
const filesMax = 16
/**
 * Test files that share a process, because to load tap and a package takes five times as long as most files' tests. Those
 * of one package keep each other's company; integration tests, with limits and children of their own, stay alone.
 */
export function inCompany(files: readonly string[]): string[][] {
  const groups: string[][] = []
  let open: string[] = []
  for (const file of files) {
    const fits = open.length < filesMax && packageOf(file) === packageOf(open[0] ?? file)
    if (isIntegration(file)) groups.push([file])
    else if (open.length > 0 && fits) open.push(file)
    else groups.push((open = [file]))
  }
  return groups
}

/** Several parts together, over real sockets, processes and disks, or for long. */
export function isIntegration(file: string): boolean {
  return file.endsWith('.integration.test.js')
}

/** The program that runs the files one after the other, and says after each that it is through. */
export function writeCompany(root: string, files: readonly string[]): string {
  const folder = join(root, 'node_modules', '.cache', 'tests')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${relative(root, files[0]!).replaceAll(/[^\w-]/g, '-')}.test.mjs`)
  const steps = files.map(
    (file) =>
      `await import(${JSON.stringify(file)})\nawait t.test(${JSON.stringify(endOf(file))}, (t) => t.end())\n`,
  )
  writeFileSync(path, `import t from 'tap'\n${steps.join('')}`)
  return path
}

/** The name of the empty test that follows a file's tests. */
export function endOf(file: string): string {
  return `end of ${file}`
}

function packageOf(file: string): string {
  return /\/packages\/([\w-]+)\//.exec(file)?.[1] ?? file
}
