// House rules that a linter does not know: time and chance only in base, no files without a noun, length ratchets,
// package READMEs with their sections, documents that name files which are there. Each finding says what to do instead.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const problems: string[] = []

interface Ban {
  readonly pattern: RegExp
  readonly instead: string
  /** Paths (below packages/) where it may stand. */
  readonly allowed: RegExp
}

const bans: Ban[] = [
  {
    pattern: /\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/,
    instead: 'take a Clock as a constructor argument (@kemu/base)',
    allowed: /^base\/src\/(clock|metrics|daemon)\.ts$/,
  },
  {
    pattern: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    instead: 'take a Random as a constructor argument (@kemu/base)',
    allowed: /^base\/src\/random\.ts$|^pki\/src\//,
  },
  {
    pattern: /\bnew Date\(\)/,
    instead: 'new Date(clock.now())',
    allowed: /^$/,
  },
  {
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    instead: 'do it, or open an issue and name it in the package README under "Not emulated"',
    allowed: /^$/,
  },
  {
    pattern: /oxlint-disable(?!.*--)/,
    instead: 'give the reason after two dashes on the same line',
    allowed: /^$/,
  },
]

/** Longest file allowed. Files born longer fail; look for the second noun. */
const longestFile = 400
/** Older giants, each with the length it may not pass; shrink the number when the file shrinks. */
const ratchet: Record<string, number> = {}

const readmeSections = [
  'Purpose',
  'Place in the picture',
  'Files in reading order',
  'Guarantees',
  'Not emulated',
  'Try it',
]

for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name)
  if (!existsSync(join(folder, 'src'))) continue
  checkReadme(name)
  for (const file of sourceFiles(join(folder, 'src')))
    checkFile(relative(join(root, 'packages'), file), readFileSync(file, 'utf8'))
}
checkDocuments()
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
console.log('tidy: no findings')

function checkFile(path: string, text: string): void {
  const lines = text.split('\n')
  if (/\/(utils?|helpers?|common|misc)\.ts$/.test(path))
    problems.push(`packages/${path}: name the file after its noun`)
  const limit = ratchet[path] ?? longestFile
  if (lines.length > limit && !path.includes('.test.')) {
    problems.push(`packages/${path}: ${lines.length} lines, the mark is ${limit}; split it by noun`)
  }
  const isTest = /\.(test|sim|contract)\.ts$|\/testing\/|^testkit\//.test(path)
  lines.forEach((line, i) => {
    if (line.length > 120 && !/https?:|`/.test(line))
      problems.push(`packages/${path}:${i + 1}: ${line.length} columns`)
    for (const ban of bans) {
      if (isTest && ban.instead.includes('constructor argument')) continue
      if (ban.pattern.test(line) && !ban.allowed.test(path)) {
        problems.push(
          `packages/${path}:${i + 1}: ${ban.pattern.exec(line)![0]} is banned; ${ban.instead}`,
        )
      }
    }
  })
}

function checkReadme(name: string): void {
  const path = join(root, 'packages', name, 'README.md')
  if (!existsSync(path)) {
    problems.push(`packages/${name}/README.md is missing (sections: ${readmeSections.join(', ')})`)
    return
  }
  const text = readFileSync(path, 'utf8')
  for (const section of readmeSections) {
    if (!text.includes(`## ${section}`))
      problems.push(`packages/${name}/README.md: no section "${section}"`)
  }
}

/** Links lead to files; a source file that is named in `code` exists, at this path or below a folder of it. */
function checkDocuments(): void {
  const paths = [...filesOf(root)]
  for (const path of paths.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(root, path), 'utf8').replaceAll(/^```[^]*?^```/gm, '')
    for (const [, link = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g))
      if (!/^\w+:/.test(link) && !existsSync(join(root, dirname(path), link)))
        problems.push(`${path}: the link ${link} leads nowhere`)
    for (const [, name = ''] of text.matchAll(/`([\w./-]+\.(?:ts|proto))`/g)) {
      const end = `/${name.replace(/^(\.\.?\/)+/, '')}`
      if (!paths.some((other) => `/${other}`.endsWith(end)))
        problems.push(`${path}: there is no file ${name}; name the one that took its place`)
    }
  }
}

function* filesOf(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isFile()) yield relative(root, path)
    else if (entry.isDirectory() && !/^(\.git|node_modules|dist)$/.test(entry.name))
      yield* filesOf(path)
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
