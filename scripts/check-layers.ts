// Fails on an import that points up or sideways, past a server's door, or to a package that package.json does not name.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { doors, layers, sideways } from './layers.ts'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const problems: string[] = []
let imports = 0

for (const name of readdirSync(join(root, 'packages'))) checkPackage(name)
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
console.log(`layers: ${imports} imports between packages, all of them point down`)

function checkPackage(name: string): void {
  const folder = join(root, 'packages', name)
  if (!existsSync(join(folder, 'src'))) return
  if (layers[name] === undefined) {
    problems.push(`packages/${name}: not in scripts/layers.ts; give it a layer`)
    return
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  for (const file of sourceFiles(join(folder, 'src'))) {
    for (const target of importsOf(file)) checkImport(name, manifest, relative(root, file), target)
  }
}

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

function checkImport(from: string, manifest: Manifest, file: string, target: string): void {
  if (target.startsWith('.') || target.startsWith('node:')) return
  const isTest = /\.(test|contract|sim)\.ts$|\/testing\//.test(file)
  const packageName = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
  const declared =
    manifest.dependencies?.[packageName] ??
    (isTest ? manifest.devDependencies?.[packageName] : undefined)
  const fromRoot =
    isTest && ['tap', 'fast-check', '@kubernetes/client-node', 'ws'].includes(packageName)
  if (!declared && !fromRoot)
    problems.push(`${file}: imports ${packageName}, which its package.json does not name`)
  if (!packageName.startsWith('@kemu/')) return
  imports += 1
  const to = packageName.slice('@kemu/'.length)
  if (to === from) problems.push(`${file}: imports its own package by name`)
  if (isTest) return
  const allowedSideways = sideways[from]?.includes(to) ?? false
  if ((layers[to] ?? 99) >= layers[from]! && !allowedSideways) {
    problems.push(
      `${file}: ${from} (layer ${layers[from]}) imports ${to} (layer ${layers[to]}); arrows point down`,
    )
  }
  if (doors[to] && !doors[to].includes(target) && layers[from]! < layers['host']!) {
    problems.push(
      `${file}: imports ${target}; ${to} is a server, use ${doors[to].join(' or ') || 'its wire protocol'}`,
    )
  }
}

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== 'generated') yield* sourceFiles(path)
    } else if (entry.name.endsWith('.ts')) yield path
  }
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [
    ...text.matchAll(
      /^(?:import|export)[^'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ].map((m) => (m[1] ?? m[2] ?? m[3])!)
}
