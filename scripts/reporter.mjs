import { appendFileSync } from 'node:fs'

// A reporter for `node --test`: failures with their cause as they come, the skipped ones by name, and a last line
// `N passed, N failed`. Leaves are counted; a suite or a file is counted only when it failed on its own.
export default async function* reporter(source) {
  let passed = 0
  let failed = 0
  const skipped = []
  const failures = []
  const startedAt = Date.now()
  for await (const { type, data } of source) {
    if (type === 'test:pass') {
      if (data.skip !== undefined && data.skip !== false)
        skipped.push(`${data.name}${data.skip === true ? '' : `: ${data.skip}`}`)
      else if (data.details?.type !== 'suite' && !isFile(data)) passed += 1
      if (isFile(data))
        yield `ok   ${short(data.name)} (${Math.round(data.details.duration_ms)} ms)\n`
    } else if (type === 'test:fail') {
      const cause = data.details?.error
      const childFailed = cause?.failureType === 'subtestsFailed'
      if (!childFailed) {
        failed += 1
        failures.push(data)
        yield `FAIL ${data.name}\n     ${data.file ?? ''}:${data.line ?? ''}\n${indent(describe(cause))}\n`
      }
    } else if (type === 'test:stderr') yield data.message
  }
  if (skipped.length > 0)
    yield `\nskipped:\n${[...new Set(skipped)].map((s) => `  ${s}\n`).join('')}`
  if (failures.length > 0) yield `\nfailed:\n${failures.map((f) => `  ${f.name}\n`).join('')}`
  yield `\n${skipped.length} skipped, ${Math.round((Date.now() - startedAt) / 1000)} s\n`
  // Several runs make one sum, which their caller prints (scripts/test.ts).
  const totals = process.env.KEMU_TEST_TOTALS
  if (totals) appendFileSync(totals, `${passed} ${failed}\n`)
  else yield `${passed} passed, ${failed} failed\n`
}

const isFile = (data) => data.nesting === 0 && /\.(m?js)$/.test(data.name)
const short = (name) => name.replace(process.cwd() + '/', '')
const indent = (text) =>
  text
    .split('\n')
    .slice(0, 40)
    .map((line) => `     ${line}`)
    .join('\n')

function describe(error) {
  if (!error) return 'no reason given'
  const cause = error.cause ?? error
  if (typeof cause === 'string') return cause
  const diff = cause.diff ? `\n${cause.diff}` : ''
  return `${cause.stack ?? cause.message ?? JSON.stringify(cause)}${diff}`
}
