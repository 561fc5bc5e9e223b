// Writes docs/adr/README.md: the decisions in order, and by which later ones they are superseded.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(process.env['KEMU_ROOT'] ?? process.cwd(), 'docs/adr')

const rows = readdirSync(folder)
  .filter((name) => /^\d{4}-.*\.md$/.test(name))
  .sort()
  .map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const title = /^# (?:ADR )?0*(\d+)[.:] (\w)(.+)$/m.exec(text)
    if (!title) throw new Error(`${name}: its first line is not "# ADR N: what was decided"`)
    const superseded = /^\*\*Superseded\*\* (.+?)[.:]/m.exec(text)?.[1]
    const [, number, initial, rest] = title as unknown as [string, string, string, string]
    return `| [${number}](${name}) | ${initial.toUpperCase()}${rest} | ${superseded ?? ''} |`
  })

writeFileSync(
  join(folder, 'README.md'),
  `# Decisions

One page each: context, choice, price. A decision is not erased when another takes its place; it says so. This index is written
by \`npm run adr-index\`.

| ADR | what was decided | superseded |
|---|---|---|
${rows.join('\n')}
`,
)
console.log(`docs/adr/README.md: ${rows.length} decisions`)
